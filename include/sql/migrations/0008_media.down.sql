-- Back to text and links. What is uploaded stays at Facebook, which deletes unused photos after about a day.
revoke all on social_first_comments, social_media_cleanups from socialpub_backoffice, socialpub_worker,
    socialpub_readonly;
revoke update (size_bytes, checksum_sha256, mime_type) on social_draft_assets from socialpub_worker;
drop trigger social_drop_uploads on social_drafts;
drop function social_drop_uploads();
drop trigger social_clean_up_lost_assets on social_draft_assets;
drop function social_clean_up_lost_assets();
drop function social_connection_of_draft(uuid);
drop trigger social_after_asset on social_draft_assets;
drop function social_after_asset();
drop trigger social_guard_asset on social_draft_assets;
drop function social_guard_asset();
drop trigger social_after_lost_assets on social_draft_assets;
drop trigger social_after_new_assets on social_draft_assets;
drop function social_after_asset_list();
drop function social_check_album(uuid);
drop table social_first_comments;
drop function social_guard_first_comment();
drop function social_audit_first_comment();

create or replace function social_is_legal_post_move(old_status text, new_status text) returns boolean
language sql immutable
return (old_status, new_status) in (
    ('pending', 'queued'), ('pending', 'handed_over'), ('pending', 'canceled'), ('pending', 'missed'),
    ('queued', 'publishing'), ('queued', 'pending'), ('queued', 'canceled'),
    ('publishing', 'published'), ('publishing', 'queued'), ('publishing', 'pending'), ('publishing', 'failed'),
    ('publishing', 'unconfirmed'),
    ('unconfirmed', 'published'), ('unconfirmed', 'pending'), ('unconfirmed', 'failed'),
    ('handed_over', 'published'), ('handed_over', 'pending'), ('handed_over', 'failed'), ('handed_over', 'canceled')
);

create or replace function social_draft_assets_of(draft uuid) returns jsonb
language sql stable
return (
    select coalesce(
        jsonb_agg(jsonb_build_array(position, type, storage_path, public_url, checksum_sha256, alt_text)
            order by position), '[]'
    )
    from social_draft_assets where draft_id = draft
);

drop function social_content_hash(text, text, text, jsonb, text, integer);
create function social_content_hash(title text, body text, link text, assets jsonb) returns text
language sql immutable
return encode(sha256(convert_to(jsonb_build_array(title, body, link, assets)::text, 'UTF8')), 'hex');

create or replace function social_guard_draft() returns trigger
language plpgsql set search_path from current as $$
declare
    is_edited boolean;
begin
    new.updated_at := now();
    if tg_op = 'INSERT' then
        -- No asset can be there before its draft.
        new.content_hash := social_content_hash(new.title, new.body, new.link, '[]');
        new.created_by := coalesce(nullif(new.created_by, ''), social_actor());
        new.updated_by := coalesce(nullif(new.updated_by, ''), new.created_by);
        if new.status not in ('draft', 'pending_approval', 'approved') then
            raise exception 'A new draft can''t start as "%".', new.status using errcode = 'check_violation',
                hint = 'Insert it as draft, pending_approval, or approved together with its approval.';
        end if;
        return new;
    end if;
    if (new.id, new.larp_id, new.created_by, new.created_at)
        is distinct from (old.id, old.larp_id, old.created_by, old.created_at) then
        raise exception 'Draft % keeps its id, LARP and author.', old.id using errcode = 'check_violation',
            hint = 'Create a new draft instead.';
    end if;
    -- The fingerprint is computed only when it can differ; whoever changes an asset asks for it by clearing it.
    if (new.title, new.body, new.link, new.content_hash)
        is distinct from (old.title, old.body, old.link, old.content_hash) then
        new.content_hash := social_content_hash(new.title, new.body, new.link, social_draft_assets_of(new.id));
    end if;
    is_edited := new.content_hash is distinct from old.content_hash;
    if is_edited then
        if old.status in ('published', 'canceled') then
            raise exception 'Draft % is %, its content can''t change any more.', old.id, old.status
                using errcode = 'check_violation', hint = 'Create a new draft with the new content.';
        end if;
        -- Any edit voids the approval; the schedule is canceled with it (social_after_draft).
        if old.status in ('approved', 'scheduled', 'failed') and new.status = old.status then
            new.status := 'draft';
        end if;
        if new.updated_by is not distinct from old.updated_by then
            new.updated_by := social_actor();
        end if;
    end if;
    if new.status is distinct from old.status and not social_is_legal_draft_move(old.status, new.status) then
        raise exception 'Draft % is "%" and can''t become "%".', old.id, old.status, new.status
            using errcode = 'check_violation',
            hint = 'draft, pending_approval, approved, scheduled, published is the way; an edit returns it to draft.';
    end if;
    if new.status in ('pending_approval', 'approved') and btrim(new.body) = '' and new.link is null then
        if social_draft_assets_of(new.id) = '[]' then
            raise exception 'Draft % has no text, link or asset: there is nothing to publish.', old.id
                using errcode = 'check_violation', hint = 'Write a body, or add a link or an asset, then submit it.';
        end if;
    end if;
    if new.status not in ('scheduled', 'published', 'failed') then
        new.scheduled_at := null;
    end if;
    return new;
end
$$;

create function social_touch_draft_of_asset() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    -- The draft's own trigger computes the fingerprint anew and decides what the edit means.
    update social_drafts set content_hash = ''
    where id in (select coalesce(new.draft_id, old.draft_id) union select old.draft_id where tg_op = 'UPDATE');
    return null;
end
$$;

create trigger social_touch_draft_of_asset
after insert or delete or update of draft_id, position, type, storage_path, public_url, checksum_sha256, alt_text
on social_draft_assets for each row execute function social_touch_draft_of_asset();

create or replace function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id, to_jsonb(new));
    return null;
end
$$;

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft record;
begin
    select found.id, found.status, found.larp_id, found.content_hash, page.id as page, page.disconnected_at into draft
    from social_drafts as found left join facebook_page_connections as page on found.larp_id = page.larp_id
    where found.id = new.draft_id;
    if not found then
        return new; -- The foreign key says it better.
    end if;
    if draft.status not in ('approved', 'failed') then
        raise exception 'Draft % is "%": only an approved draft can be scheduled.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = case draft.status when 'scheduled' then 'Cancel its present schedule first.'
                else 'Submit it, let it be approved, then schedule it.' end;
    end if;
    if draft.page is null or draft.disconnected_at is not null or draft.page != coalesce(new.connection_id, draft.page)
    then
        raise exception 'LARP % has no connected Facebook Page for draft %.', draft.larp_id, draft.id
            using errcode = 'check_violation', hint = 'Connect the LARP''s Page, then schedule the draft again.';
    end if;
    if new.status != 'pending' then
        raise exception 'A new scheduled post starts as "pending", not "%".', new.status
            using errcode = 'check_violation', hint = 'Leave the status out; publishing moves it.';
    end if;
    new.connection_id := draft.page;
    new.content_hash := draft.content_hash;
    if new.created_by = '' then
        new.created_by := social_actor();
    end if;
    return new;
end
$$;

create or replace function social_guard_post() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    if social_is_final_post_status(old.status) then
        raise exception 'Scheduled post % is "%", which is final.', old.id, old.status using errcode = 'check_violation',
            hint = 'Insert a new row into social_scheduled_posts to try again; this one stays as it was.';
    end if;
    if (new.id, new.draft_id, new.connection_id, new.content_hash, new.created_by, new.created_at)
        is distinct from (old.id, old.draft_id, old.connection_id, old.content_hash, old.created_by, old.created_at) then
        raise exception 'Scheduled post % keeps its draft, Page and content.', old.id using errcode = 'check_violation',
            hint = 'Cancel it and insert a new one.';
    end if;
    if new.publish_at is distinct from old.publish_at and (old.status != 'pending' or new.status != 'pending') then
        raise exception 'Scheduled post % is "%": its time can change only while it is pending.', old.id, old.status
            using errcode = 'check_violation', hint = 'Cancel it and schedule the draft again.';
    end if;
    if new.status is distinct from old.status then
        if not social_is_legal_post_move(old.status, new.status) then
            raise exception 'Scheduled post % is "%" and can''t become "%".', old.id, old.status, new.status
                using errcode = 'check_violation',
                hint = case old.status when 'publishing' then 'It is being sent at this second: wait for its outcome.'
                    when 'unconfirmed' then 'It may be live: wait until it is found or proved absent.'
                    else 'See the table of statuses in docs/database.md.' end;
        end if;
        if new.status != 'canceled' and not pg_has_role(current_user, 'socialpub_worker', 'MEMBER') then
            raise exception 'Only the publisher moves scheduled post % to "%".', old.id, new.status
                using errcode = 'insufficient_privilege', hint = 'You may cancel it: set status = ''canceled''.';
        end if;
        if new.status = 'canceled' then
            new.status_reason := coalesce(nullif(btrim(new.status_reason), ''), 'Canceled by ' || social_actor());
        end if;
        if new.status not in ('queued', 'publishing') then
            new.lease_expires_at := null;
            new.claimed_by := null;
        end if;
    end if;
    return new;
end
$$;

create or replace function social_after_post() returns trigger
language plpgsql security definer set search_path from current
set socialpub.follows_post = 'on' -- noqa: PRS
as $$
begin
    if new.publish_at is distinct from old.publish_at then
        update social_drafts set scheduled_at = new.publish_at, updated_at = now() where id = new.draft_id;
        -- A person moved it (publishing moves next_attempt_at), so this is no scan that wakes itself.
        if new.due_at <= now() + interval '75 seconds' then
            perform social_wake_up();
        end if;
    elsif new.status = 'canceled' then
        update social_publish_attempts set finished_at = now(), outcome = 'canceled', error_message = new.status_reason
        where scheduled_post_id = new.id and finished_at is null;
        update social_drafts set status = 'approved' where id = new.draft_id and status = 'scheduled';
    else
        update social_drafts
        set status = case new.status when 'published' then 'published' else 'failed' end, updated_at = now()
        where id = new.draft_id and status = 'scheduled';
    end if;
    return null;
end
$$;

create or replace trigger social_audit_connection after update on facebook_page_connections
for each row when (
    (old.page_id, old.page_name, old.access_token, old.token_status, old.paused_at, old.disconnected_at,
        old.lateness_rule, old.late_by_minutes, old.rate_limited_until)
    is distinct from
    (new.page_id, new.page_name, new.access_token, new.token_status, new.paused_at, new.disconnected_at,
        new.lateness_rule, new.late_by_minutes, new.rate_limited_until)
)
execute function social_audit_connection();

drop table social_media_cleanups;
alter table social_draft_assets
drop constraint storage_path_is_not_blank,
drop constraint storage_path_is_plain_text,
drop constraint storage_path_has_at_most_1024_characters,
drop constraint storage_path_does_not_climb,
drop constraint storage_path_is_relative_or_file_s3_gs_abfs,
drop constraint public_url_is_a_web_address,
drop constraint public_url_has_at_most_2048_characters,
drop constraint alt_text_has_at_most_1000_characters,
drop constraint alt_text_is_plain_text,
drop constraint mime_type_is_of_a_photo_or_video,
drop constraint video_title_has_at_most_254_characters,
drop constraint video_title_is_plain_text,
drop constraint thumbnail_path_is_not_blank,
drop constraint thumbnail_path_is_plain_text,
drop constraint thumbnail_path_has_at_most_1024_characters,
drop constraint thumbnail_path_does_not_climb,
drop constraint thumbnail_path_is_relative_or_file_s3_gs_abfs,
drop constraint title_and_thumbnail_belong_to_a_video,
drop constraint alt_text_and_reencoding_belong_to_a_photo,
drop constraint uploaded_means_we_know_the_media,
drop constraint failed_upload_has_a_reason,
drop constraint upload_offsets_are_in_order,
drop column title,
drop column thumbnail_path,
drop column may_reencode,
drop column file_version,
drop column is_temporary,
drop column upload_handle,
drop column upload_error,
drop column upload_ticket;
alter table social_drafts
drop constraint first_comment_is_not_blank,
drop constraint first_comment_has_at_most_8000_characters,
drop constraint first_comment_waits_a_week_at_most,
drop column first_comment,
drop column first_comment_delay_minutes;
create or replace function social_guard_attempt() returns trigger
language plpgsql as $$
begin
    if old.finished_at is not null
        and not (old.outcome = 'unconfirmed' and new.outcome in ('unconfirmed', 'published', 'absent', 'failed')) then
        raise exception 'Attempt % of scheduled post % is closed as "%".', old.attempt_number, old.scheduled_post_id,
            old.outcome using errcode = 'check_violation', hint = 'Open a new attempt instead.';
    end if;
    return new;
end
$$;
-- That a hand-over succeeded can't be said any more: nothing was published by it.
alter table social_publish_attempts disable trigger social_guard_attempt;
update social_publish_attempts set outcome = 'released' where outcome = 'handed_over';
alter table social_publish_attempts enable trigger social_guard_attempt;
alter table social_publish_attempts
drop column is_hand_over,
drop constraint attempt_outcome_is_known,
add constraint attempt_outcome_is_known check (
    outcome in ('published', 'retry', 'rate_limited', 'failed', 'unconfirmed', 'absent', 'released', 'canceled')
);
drop index social_scheduled_posts_to_hand_over;
drop index social_scheduled_posts_handed_over;
alter table social_scheduled_posts
alter column delivery set default 'direct',
drop constraint handed_over_means_for_a_time,
drop column handed_over_at,
drop column handed_over_for;
alter table facebook_page_connections
drop constraint page_delivery_is_known,
drop column delivery;
drop function social_is_plain_text(text);
