-- What the HTTP face needs: events of Facebook's webhook in the order in which they happened, answers that can be
-- given again, files on their way in, and tokens that are taken back.

-- The order of arrival says nothing: Facebook tries again for 36 hours. "event_at" is when it happened.
alter table social_webhook_events
add column event_at timestamptz not null default now(),
add column outcome text;
update social_webhook_events set outcome = 'ignored' where processed_at is not null;
alter table social_webhook_events
add constraint processed_means_we_know_how check ((processed_at is null) = (outcome is null)),
add constraint webhook_outcome_is_known check (
    outcome in ('published', 'removal_noted', 'known', 'not_ours', 'ignored')
);
drop index social_webhook_events_waiting;
create index social_webhook_events_waiting on social_webhook_events (event_at, id) where processed_at is null;
create index social_webhook_events_by_post on social_webhook_events (facebook_post_id);
create index social_webhook_events_by_age on social_webhook_events (processed_at) where processed_at is not null;

-- A live post that somebody deleted on Facebook stays published here, because it was. The publisher may write that it
-- is gone, about posts only.
create function social_note_removal(post uuid, details jsonb) returns void
language plpgsql security definer set search_path from current as $$
declare
    larp uuid;
begin
    select draft.larp_id into larp
    from social_scheduled_posts as scheduled inner join social_drafts as draft on scheduled.draft_id = draft.id
    where scheduled.id = post;
    if not found then
        raise exception 'There is no scheduled post %.', post using errcode = 'foreign_key_violation',
            hint = 'Name a scheduled post by its id.';
    end if;
    perform social_write_audit('scheduled_post.removed_on_facebook', larp, post, details);
end
$$;
revoke execute on function social_note_removal(uuid, jsonb) from public;

-- What was answered to a POST with an Idempotency-Key: the same request of the same person gets the same answer again.
-- Without an answer yet: the first one is still at work, or died at it.
create table social_api_answers (
    principal text not null,
    idempotency_key text not null,
    request_hash text not null,
    status smallint,
    headers jsonb,
    body text,
    created_at timestamptz not null default now(),
    primary key (principal, idempotency_key),
    constraint key_has_at_most_255_characters check (char_length(idempotency_key) between 1 and 255),
    constraint request_hash_is_sha256 check (request_hash ~ '^[0-9a-f]{64}$'),
    constraint answered_means_whole check ((status is null) = (body is null) and (status is null) = (headers is null))
);
create index social_api_answers_by_age on social_api_answers (created_at);

-- A file on its way into the media root, piece by piece. What a draft takes up is its storage_path.
create table social_uploads (
    id uuid primary key default social_new_id(),
    larp_id uuid not null references larps (id),
    created_by text not null,
    storage_path text not null,
    mime_type text not null,
    size_bytes bigint not null,
    checksum_sha256 text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint one_upload_per_path unique (storage_path),
    constraint upload_size_is_positive check (size_bytes > 0),
    constraint upload_checksum_is_sha256 check (checksum_sha256 ~ '^[0-9a-f]{64}$')
);
create index social_uploads_unfinished on social_uploads (updated_at) where checksum_sha256 is null;
create trigger social_touch before update on social_uploads
for each row execute function social_touch();

-- Tokens of the backoffice (their jti) that are taken back before they expire.
create table social_revoked_tokens (
    token_id text primary key,
    expires_at timestamptz not null,
    revoked_at timestamptz not null default now(),
    constraint token_id_is_not_blank check (btrim(token_id) != '')
);

grant delete on social_webhook_events to socialpub_worker;
grant execute on function social_note_removal(uuid, jsonb) to socialpub_worker;
grant select, insert, update, delete on social_api_answers, social_uploads to socialpub_worker;
grant select, insert, delete on social_revoked_tokens to socialpub_worker, socialpub_backoffice;
grant select on social_webhook_events, social_uploads, social_revoked_tokens to socialpub_readonly;
