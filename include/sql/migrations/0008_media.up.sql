-- Photos, videos, first comments and posts that Facebook itself holds until their time. What an approver sees of them is
-- part of the fingerprint; how far an upload has come is not. Rules by row are constraints; what follows from a change is
-- written once a statement where many rows may come at once (0006).

-- No control characters, and none that turn the direction of the text, behind which a name shows as another one.
create function social_is_plain_text(text) returns boolean
language sql immutable strict parallel safe
return $1 !~ '[[:cntrl:]\u202a-\u202e\u2066-\u2069]';

-- Assets: what an approver sees ----------------------------------------------------------------------------------

alter table social_draft_assets
add column title text,
add column thumbnail_path text,
add column may_reencode boolean not null default false,
-- Changes with what the row says of the file (size, checksum, MIME type), except when the publisher fills in what
-- nobody had declared. So the fingerprint pins one file, and a first look at it voids no approval.
add column file_version uuid not null default gen_random_uuid(),
add constraint storage_path_is_not_blank check (btrim(storage_path) != ''),
add constraint storage_path_is_plain_text check (social_is_plain_text(storage_path)),
add constraint storage_path_has_at_most_1024_characters check (char_length(storage_path) <= 1024),
add constraint storage_path_does_not_climb check (storage_path !~ '(^|/)\.\.(/|$)'),
add constraint storage_path_is_relative_or_file_s3_gs_abfs check (
    storage_path ~ '^(file|s3|gs|abfs)://.' or (storage_path !~ '://' and storage_path !~ '^/')
),
add constraint public_url_is_a_web_address check (
    public_url ~* '^https?://[^/[:space:][:cntrl:]]+[^[:space:][:cntrl:]]*$'
),
add constraint public_url_has_at_most_2048_characters check (char_length(public_url) <= 2048),
add constraint alt_text_has_at_most_1000_characters check (char_length(alt_text) <= 1000),
add constraint alt_text_is_plain_text check (social_is_plain_text(alt_text)),
add constraint mime_type_is_of_a_photo_or_video check (mime_type ~ '^(image|video)/[a-z0-9.+-]{1,100}$'),
-- Graph: a video's title has less than 255 characters.
add constraint video_title_has_at_most_254_characters check (char_length(title) <= 254),
add constraint video_title_is_plain_text check (social_is_plain_text(title)),
add constraint thumbnail_path_is_not_blank check (btrim(thumbnail_path) != ''),
add constraint thumbnail_path_is_plain_text check (social_is_plain_text(thumbnail_path)),
add constraint thumbnail_path_has_at_most_1024_characters check (char_length(thumbnail_path) <= 1024),
add constraint thumbnail_path_does_not_climb check (thumbnail_path !~ '(^|/)\.\.(/|$)'),
add constraint thumbnail_path_is_relative_or_file_s3_gs_abfs check (
    thumbnail_path ~ '^(file|s3|gs|abfs)://.' or (thumbnail_path !~ '://' and thumbnail_path !~ '^/')
),
add constraint title_and_thumbnail_belong_to_a_video check (
    type = 'video' or (title is null and thumbnail_path is null)
),
add constraint alt_text_and_reencoding_belong_to_a_photo check (
    type = 'photo' or (alt_text is null and not may_reencode)
);

-- Assets: how far the upload has come ------------------------------------------------------------------------------

alter table social_draft_assets
add column is_temporary boolean not null default false,
-- What the Resumable Upload API gave for the bytes; the video has no id before it is published by it.
add column upload_handle text,
add column upload_error text,
-- Renewed whenever an upload would no longer be of what was approved. Who saves an upload names the ticket it began
-- with, so that the upload of yesterday's content is never taken for today's.
add column upload_ticket uuid not null default gen_random_uuid(),
add constraint uploaded_means_we_know_the_media check (
    upload_state != 'uploaded' or facebook_media_id is not null or upload_handle is not null
),
add constraint failed_upload_has_a_reason check (upload_state != 'failed' or btrim(coalesce(upload_error, '')) != ''),
add constraint upload_offsets_are_in_order check (
    upload_start_offset >= 0 and upload_end_offset >= upload_start_offset
);

-- Drafts: the first comment ----------------------------------------------------------------------------------------

alter table social_drafts
add column first_comment text,
add column first_comment_delay_minutes integer not null default 0,
add constraint first_comment_is_not_blank check (btrim(first_comment) != ''),
add constraint first_comment_has_at_most_8000_characters check (char_length(first_comment) <= 8000),
add constraint first_comment_waits_a_week_at_most check (first_comment_delay_minutes between 0 and 10080);

-- Posts that Facebook holds ----------------------------------------------------------------------------------------

alter table social_scheduled_posts
alter column delivery drop default, -- Its Page's, unless the post has its own.
add column handed_over_at timestamptz,
-- The time that Facebook will publish it at; another publish_at still has to be told.
add column handed_over_for timestamptz,
add constraint handed_over_means_for_a_time check ((handed_over_at is null) = (handed_over_for is null));
create index social_scheduled_posts_handed_over on social_scheduled_posts (due_at) where status = 'handed_over';
-- A post that goes out directly costs this index nothing.
create index social_scheduled_posts_to_hand_over on social_scheduled_posts (due_at)
where status = 'pending' and delivery = 'native';

-- Such an attempt asks Facebook to hold the post until its time. It uses up none of the tries to publish it.
alter table social_publish_attempts
add column is_hand_over boolean not null default false,
drop constraint attempt_outcome_is_known,
add constraint attempt_outcome_is_known check (
    outcome in ('published', 'retry', 'rate_limited', 'failed', 'unconfirmed', 'absent', 'released', 'canceled',
        'handed_over')
);

alter table facebook_page_connections
add column delivery text not null default 'direct',
add constraint page_delivery_is_known check (delivery in ('direct', 'native'));

-- What is to be done after a post, or instead of one ---------------------------------------------------------------

create table social_first_comments (
    scheduled_post_id uuid primary key references social_scheduled_posts (id),
    due_at timestamptz not null,
    status text not null default 'pending',
    attempts integer not null default 0,
    comment_id text,
    reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint first_comment_status_is_known check (status in ('pending', 'posting', 'posted', 'failed', 'skipped')),
    constraint posted_means_we_know_the_comment check ((status = 'posted') = (comment_id is not null)),
    constraint uncommented_has_a_reason check (
        status not in ('failed', 'skipped') or btrim(coalesce(reason, '')) != ''
    ),
    constraint first_comment_attempts_are_counted check (attempts >= 0)
);
create index social_first_comments_waiting on social_first_comments (due_at) where status in ('pending', 'posting');

create table social_media_cleanups (
    id bigint generated always as identity primary key,
    connection_id uuid not null references facebook_page_connections (id),
    media_id text not null,
    kind text not null,
    upload_session_id text,
    reason text not null,
    created_at timestamptz not null default now(),
    not_before timestamptz not null default now(),
    attempts integer not null default 0,
    done_at timestamptz,
    last_error text,
    constraint cleanup_kind_is_known check (kind in ('photo', 'video', 'post')),
    constraint cleanup_attempts_are_counted check (attempts >= 0)
);
create unique index one_open_cleanup_per_media on social_media_cleanups (connection_id, media_id)
where done_at is null;
create index social_media_cleanups_waiting on social_media_cleanups (not_before) where done_at is null;

-- The fingerprint --------------------------------------------------------------------------------------------------

-- A draft without a first comment keeps the fingerprint it had.
drop function social_content_hash(text, text, text, jsonb);
create function social_content_hash(
    title text, body text, link text, assets jsonb, first_comment text default null, delay_minutes integer default null
) returns text
language sql immutable
return encode(sha256(convert_to((
    jsonb_build_array(title, body, link, assets)
    || case when first_comment is null then '[]' else jsonb_build_array(first_comment, delay_minutes) end
)::text, 'UTF8')), 'hex');

create or replace function social_draft_assets_of(draft uuid) returns jsonb
language sql stable
return (
    select coalesce(
        jsonb_agg(jsonb_build_array(position, type, storage_path, public_url, alt_text, title, thumbnail_path,
            may_reencode, file_version) order by position), '[]'
    )
    from social_draft_assets where draft_id = draft
);

create or replace function social_guard_draft() returns trigger
language plpgsql set search_path from current as $$
declare
    is_edited boolean;
begin
    new.updated_at := now();
    if tg_op = 'INSERT' then
        -- No asset can be there before its draft.
        new.content_hash := social_content_hash(new.title, new.body, new.link, '[]', new.first_comment,
            new.first_comment_delay_minutes);
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
    if (new.title, new.body, new.link, new.first_comment, new.first_comment_delay_minutes, new.content_hash)
        is distinct from (old.title, old.body, old.link, old.first_comment, old.first_comment_delay_minutes,
            old.content_hash) then
        new.content_hash := social_content_hash(new.title, new.body, new.link, social_draft_assets_of(new.id),
            new.first_comment, new.first_comment_delay_minutes);
    end if;
    is_edited := new.content_hash is distinct from old.content_hash;
    if is_edited then
        if old.status in ('published', 'canceled') then
            raise exception 'Draft % is %, its content can''t change any more.', old.id, old.status
                using errcode = 'check_violation', hint = 'Create a new draft with the new content.';
        end if;
        -- Any edit voids the approval; the schedule is canceled with it (social_after_draft). A draft that is still
        -- being written down has none yet: it gets its assets, and the commit asks for an approval of the whole.
        if new.status = old.status and (
            old.status in ('scheduled', 'failed')
            or old.status = 'approved' and exists (
                select from social_draft_approvals
                where draft_id = old.id and decision = 'approved' and content_hash = old.content_hash
            )
        ) then
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
    -- Graph API reference, Page feed: a post shows either a link or photos.
    if new.status in ('pending_approval', 'approved') and new.link is not null then
        if social_draft_assets_of(new.id) != '[]' then
            raise exception 'Draft % has a link beside its photos or video.', old.id using errcode = 'check_violation',
                hint = 'Facebook shows one or the other: put the link into the text, or leave the assets out.';
        end if;
    end if;
    if new.status not in ('scheduled', 'published', 'failed') then
        new.scheduled_at := null;
    end if;
    return new;
end
$$;

-- The audit log says what the draft shows, its assets included.
create or replace function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id,
        to_jsonb(new) || jsonb_build_object('assets', social_draft_assets_of(new.id)));
    return null;
end
$$;

-- Assets and their draft -------------------------------------------------------------------------------------------

create function social_check_album(draft uuid) returns void
language plpgsql as $$
declare
    found_assets record;
begin
    select count(*) as assets, count(*) filter (where type = 'video') as videos into found_assets
    from social_draft_assets where draft_id = draft;
    if found_assets.videos > 0 and found_assets.assets > 1 then
        raise exception 'Draft % has a video beside other assets.', draft using errcode = 'check_violation',
            hint = 'Facebook takes one video a post and nothing beside it: give each its own draft.';
    end if;
    if found_assets.assets > 10 then
        raise exception 'Draft % has % photos.', draft, found_assets.assets using errcode = 'check_violation',
            hint = 'An album has 10 photos at most: leave some out, or make two drafts of it.';
    end if;
end
$$;

drop trigger social_touch_draft_of_asset on social_draft_assets;
drop function social_touch_draft_of_asset();

-- The draft's own trigger computes the fingerprint anew and decides what the edit means.
create function social_after_asset_list() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    crowded uuid;
begin
    -- The drafts first: their locks make others who attach to them wait, so that nobody counts too few.
    update social_drafts as draft set content_hash = ''
    from (select distinct draft_id from changed_assets order by draft_id) as changed
    where draft.id = changed.draft_id;
    select asset.draft_id into crowded
    from (select distinct draft_id from changed_assets) as changed
    inner join social_draft_assets as asset on changed.draft_id = asset.draft_id
    group by asset.draft_id having count(*) > 10 or count(*) > 1 and bool_or(asset.type = 'video') limit 1;
    if crowded is not null then
        perform social_check_album(crowded);
    end if;
    return null;
end
$$;
create trigger social_after_new_assets after insert on social_draft_assets
referencing new table as changed_assets
for each statement execute function social_after_asset_list();
create trigger social_after_lost_assets after delete on social_draft_assets
referencing old table as changed_assets
for each statement execute function social_after_asset_list();

create function social_guard_asset() returns trigger
language plpgsql as $$
begin
    -- Figures of another file are nobody's any more, unless they came with its path.
    if new.storage_path is distinct from old.storage_path then
        new.size_bytes := nullif(new.size_bytes, old.size_bytes);
        new.checksum_sha256 := nullif(new.checksum_sha256, old.checksum_sha256);
        new.mime_type := nullif(new.mime_type, old.mime_type);
    end if;
    if (new.storage_path, new.size_bytes, new.checksum_sha256, new.mime_type) is distinct from
        (old.storage_path, coalesce(old.size_bytes, new.size_bytes),
            coalesce(old.checksum_sha256, new.checksum_sha256), coalesce(old.mime_type, new.mime_type))
        or not pg_has_role(current_user, 'socialpub_worker', 'MEMBER') then
        new.file_version := gen_random_uuid();
    end if;
    return new;
end
$$;
create trigger social_guard_asset before update on social_draft_assets
for each row when (
    (old.storage_path, old.size_bytes, old.checksum_sha256, old.mime_type)
    is distinct from (new.storage_path, new.size_bytes, new.checksum_sha256, new.mime_type)
)
execute function social_guard_asset();

create function social_after_asset() returns trigger
language plpgsql security definer set search_path from current set enable_seqscan = off as $$
begin
    update social_drafts set content_hash = '' where id in (old.draft_id, new.draft_id);
    perform social_check_album(new.draft_id);
    return null;
end
$$;
-- An upload that comes on changes none of these, and costs its draft nothing.
create trigger social_after_asset after update on social_draft_assets
for each row when (
    (old.draft_id, old.position, old.type, old.storage_path, old.public_url, old.alt_text, old.title,
        old.thumbnail_path, old.may_reencode, old.file_version)
    is distinct from
    (new.draft_id, new.position, new.type, new.storage_path, new.public_url, new.alt_text, new.title,
        new.thumbnail_path, new.may_reencode, new.file_version)
)
execute function social_after_asset();

-- What was uploaded and will not be published ----------------------------------------------------------------------

-- The Page it was uploaded to.
create function social_connection_of_draft(draft uuid) returns uuid
language sql stable
return coalesce(
    (
        select connection_id from social_scheduled_posts
        where draft_id = draft order by created_at desc limit 1
    ),
    (
        select page.id from social_drafts as owner
        inner join facebook_page_connections as page on owner.larp_id = page.larp_id and page.disconnected_at is null
        where owner.id = draft
    )
);

create function social_clean_up_lost_assets() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_media_cleanups (connection_id, media_id, kind, upload_session_id, reason)
    select social_connection_of_draft(draft_id), facebook_media_id, type, upload_session_id,
        'The asset was removed by ' || social_actor()
    from changed_assets where facebook_media_id is not null
    on conflict (connection_id, media_id) where done_at is null do nothing;
    return null;
end
$$;
create trigger social_clean_up_lost_assets after delete on social_draft_assets
referencing old table as changed_assets
for each statement execute function social_clean_up_lost_assets();

-- Waits for the publisher only shortly, like social_after_draft: it may be saving an upload at this moment.
create function social_drop_uploads() returns trigger
language plpgsql security definer set search_path from current set enable_seqscan = off set lock_timeout = '500ms' as $$
begin
    if not exists (select from social_draft_assets where draft_id = new.id) then
        return null;
    end if;
    begin
        perform from social_draft_assets where draft_id = new.id for update;
    exception when lock_not_available then
        raise exception 'An asset of draft % is being uploaded at this moment.', new.id
            using errcode = 'lock_not_available', hint = 'Try again in a second.';
    end;
    insert into social_media_cleanups (connection_id, media_id, kind, upload_session_id, reason)
    select social_connection_of_draft(new.id), facebook_media_id, type, upload_session_id,
        case when new.content_hash is distinct from old.content_hash then 'The draft was edited by ' || social_actor()
            else 'The draft became "' || new.status || '" by ' || social_actor() end
    from social_draft_assets where draft_id = new.id and facebook_media_id is not null
    on conflict (connection_id, media_id) where done_at is null do nothing;
    update social_draft_assets
    set upload_state = 'not_uploaded', upload_ticket = gen_random_uuid(), upload_session_id = null,
        upload_start_offset = null, upload_end_offset = null, facebook_media_id = null, upload_handle = null,
        upload_error = null, is_temporary = false, uploaded_at = null
    where draft_id = new.id;
    return null;
end
$$;
create trigger social_drop_uploads after update on social_drafts
for each row when (
    old.content_hash is distinct from new.content_hash
    or old.status is distinct from new.status and new.status in ('draft', 'failed', 'canceled')
    or old.status = 'scheduled' and new.status = 'approved'
)
execute function social_drop_uploads();

-- Scheduled posts ----------------------------------------------------------------------------------------------------

-- A hand-over passes the fence like any request: an unclear one is looked up before anything else.
create or replace function social_is_legal_post_move(old_status text, new_status text) returns boolean
language sql immutable
return (old_status, new_status) in (
    ('pending', 'queued'), ('pending', 'handed_over'), ('pending', 'canceled'), ('pending', 'missed'),
    ('queued', 'publishing'), ('queued', 'pending'), ('queued', 'canceled'),
    ('publishing', 'published'), ('publishing', 'queued'), ('publishing', 'pending'), ('publishing', 'failed'),
    ('publishing', 'unconfirmed'), ('publishing', 'handed_over'),
    ('unconfirmed', 'published'), ('unconfirmed', 'pending'), ('unconfirmed', 'failed'),
    ('unconfirmed', 'handed_over'),
    ('handed_over', 'published'), ('handed_over', 'pending'), ('handed_over', 'failed'), ('handed_over', 'canceled')
);

create or replace function social_guard_attempt() returns trigger
language plpgsql as $$
begin
    if old.finished_at is not null and not (
        old.outcome = 'unconfirmed' and new.outcome in ('unconfirmed', 'published', 'absent', 'failed', 'handed_over')
    ) then
        raise exception 'Attempt % of scheduled post % is closed as "%".', old.attempt_number, old.scheduled_post_id,
            old.outcome using errcode = 'check_violation', hint = 'Open a new attempt instead.';
    end if;
    return new;
end
$$;

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft record;
begin
    select found.id, found.status, found.larp_id, found.content_hash, page.id as page, page.disconnected_at, page.delivery
    into draft
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
    new.delivery := coalesce(new.delivery, draft.delivery);
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
    if new.publish_at is distinct from old.publish_at
        and (old.status not in ('pending', 'handed_over') or new.status != old.status) then
        raise exception 'Scheduled post % is "%": its time can change only while it is pending or handed over.', old.id,
            old.status using errcode = 'check_violation', hint = 'Cancel it and schedule the draft again.';
    end if;
    if old.status = 'handed_over' and (new.status = 'canceled' or new.publish_at is distinct from old.publish_at) then
        if old.facebook_post_id is null then
            raise exception 'Scheduled post % is being handed over to Facebook at this moment.', old.id
                using errcode = 'check_violation', hint = 'Try again once it has its facebook_post_id.';
        end if;
        -- Facebook, when it introduced native schedules: a change is possible until three minutes before.
        if coalesce(old.handed_over_for, old.publish_at) <= now() + interval '3 minutes' then
            raise exception 'Scheduled post % is with Facebook, which publishes it at %.', old.id,
                coalesce(old.handed_over_for, old.publish_at) using errcode = 'check_violation',
                hint = 'It is too late to stop it: edit or delete the post on the Page once it is live.';
        end if;
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
        -- What Facebook held for us it holds no longer; social_after_post keeps the id for the clean-up.
        if old.status = 'handed_over' and new.status != 'published' then
            new.facebook_post_id := null;
            new.permalink_url := null;
            new.handed_over_at := null;
            new.handed_over_for := null;
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
        if old.status = 'handed_over' then
            insert into social_media_cleanups (connection_id, media_id, kind, reason)
            values (new.connection_id, old.facebook_post_id, 'post', new.status_reason)
            on conflict (connection_id, media_id) where done_at is null do nothing;
        end if;
        update social_publish_attempts set finished_at = now(), outcome = 'canceled', error_message = new.status_reason
        where scheduled_post_id = new.id and finished_at is null;
        update social_drafts set status = 'approved' where id = new.draft_id and status = 'scheduled';
    else
        update social_drafts
        set status = case new.status when 'published' then 'published' else 'failed' end, updated_at = now()
        where id = new.draft_id and status = 'scheduled';
        if new.status = 'published' then
            insert into social_first_comments (scheduled_post_id, due_at)
            select new.id, new.published_at + make_interval(mins => draft.first_comment_delay_minutes)
            from social_drafts as draft where draft.id = new.draft_id and draft.first_comment is not null;
        end if;
    end if;
    return null;
end
$$;

-- Connections ----------------------------------------------------------------------------------------------------------

create or replace trigger social_audit_connection after update on facebook_page_connections
for each row when (
    (old.page_id, old.page_name, old.access_token, old.token_status, old.paused_at, old.disconnected_at,
        old.lateness_rule, old.late_by_minutes, old.rate_limited_until, old.delivery)
    is distinct from
    (new.page_id, new.page_name, new.access_token, new.token_status, new.paused_at, new.disconnected_at,
        new.lateness_rule, new.late_by_minutes, new.rate_limited_until, new.delivery)
)
execute function social_audit_connection();

-- First comments ---------------------------------------------------------------------------------------------------

create function social_guard_first_comment() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    if new.status is distinct from old.status and (old.status, new.status) not in (
        ('pending', 'posting'), ('pending', 'skipped'), ('posting', 'posted'), ('posting', 'failed'),
        ('posting', 'pending'), ('failed', 'pending')
    ) then
        raise exception 'The first comment of scheduled post % is "%" and can''t become "%".', old.scheduled_post_id,
            old.status, new.status using errcode = 'check_violation',
            hint = 'pending, posting, posted or failed is the way; a failed one may be tried again.';
    end if;
    return new;
end
$$;
create trigger social_guard_first_comment before update on social_first_comments
for each row execute function social_guard_first_comment();

create function social_audit_first_comment() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('first_comment.' || new.status,
        (
            select draft.larp_id from social_scheduled_posts as post
            inner join social_drafts as draft on post.draft_id = draft.id where post.id = new.scheduled_post_id
        ),
        new.scheduled_post_id, jsonb_strip_nulls(to_jsonb(new)));
    return null;
end
$$;
create trigger social_audit_first_comment after update on social_first_comments
for each row when (old.status is distinct from new.status and new.status in ('posted', 'failed', 'skipped'))
execute function social_audit_first_comment();

-- Who may do what ----------------------------------------------------------------------------------------------------

grant insert (first_comment, first_comment_delay_minutes), update (first_comment, first_comment_delay_minutes)
    on social_drafts to socialpub_backoffice;
grant insert (title, thumbnail_path, may_reencode), update (title, thumbnail_path, may_reencode)
    on social_draft_assets to socialpub_backoffice;
grant update (delivery) on facebook_page_connections to socialpub_backoffice;
grant select on social_first_comments to socialpub_backoffice;

grant update (size_bytes, checksum_sha256, mime_type, upload_handle, upload_error, is_temporary)
    on social_draft_assets to socialpub_worker;
grant update (handed_over_at, handed_over_for) on social_scheduled_posts to socialpub_worker;
grant select, update (due_at, status, attempts, comment_id, reason) on social_first_comments to socialpub_worker;
grant select, insert (connection_id, media_id, kind, upload_session_id, reason, not_before),
    update (not_before, attempts, done_at, last_error) on social_media_cleanups to socialpub_worker;

grant select on social_first_comments, social_media_cleanups to socialpub_readonly;
grant select (delivery) on facebook_page_connections to socialpub_readonly, socialpub_backoffice;
