-- What a post costs on its way, and a million posts in one statement: fewer indexes to keep, no fact written twice, and
-- no rule asked again about a move that another rule has just made.

-- Ids in the order of their making keep what is read and written together, the recent rows, together in every index.
-- PostgreSQL 18 makes them by itself; before, the first 48 bits of a random one become the milliseconds (RFC 9562).
do $$
begin
    if to_regprocedure('uuidv7()') is not null then
        create function social_new_id() returns uuid language sql volatile return uuidv7();
    else
        create function social_new_id() returns uuid language sql volatile return encode(
            set_bit(set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                    from 1 for 6
                ), 52, 1
            ), 53, 1), 'hex'
        )::uuid;
    end if;
end
$$;
alter table facebook_page_connections alter column id set default social_new_id();
alter table social_drafts alter column id set default social_new_id();
alter table social_draft_assets alter column id set default social_new_id();
alter table social_draft_approvals alter column id set default social_new_id();
alter table social_scheduled_posts alter column id set default social_new_id();
alter table social_publish_attempts alter column id set default social_new_id();

-- One index for both: a second live or published schedule of a draft is refused (nulls are never equal), and all posts
-- of a draft are found.
drop index one_live_schedule_per_draft;
drop index social_scheduled_posts_by_draft;
create unique index one_live_schedule_per_draft
on social_scheduled_posts (draft_id, nullif(status in ('failed', 'canceled', 'missed'), true));

-- The calendar of a Page.
drop index social_scheduled_posts_by_publish_at;
create index social_scheduled_posts_by_page on social_scheduled_posts (connection_id, publish_at);

-- A draft follows its post ---------------------------------------------------------------------------------------

-- Whether the present change of a draft is made by its post's own trigger, which has already made sure of everything.
-- The setting is that trigger's alone while it runs; at the top level, where people write, it means nothing.
create function social_follows_post() returns boolean
language sql stable
return pg_trigger_depth() > 0 and coalesce(current_setting('socialpub.follows_post', true), '') = 'on';

create or replace trigger social_guard_draft before insert on social_drafts
for each row execute function social_guard_draft();
create trigger social_guard_draft_change before update on social_drafts
for each row when (not (new.status in ('scheduled', 'published', 'failed') and social_follows_post()))
execute function social_guard_draft();

drop trigger social_audit_draft_moves on social_drafts;
drop function social_audit_draft_moves();

-- The moves that people make. Where a draft follows its post, the post's own entry in the audit log says so.
create function social_audit_draft_move() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if new.status = 'scheduled' and not exists (
        select 1 from social_scheduled_posts
        where draft_id = new.id and status not in ('failed', 'canceled', 'missed')
    ) then
        raise exception 'Draft % says "scheduled" but no scheduled post of it does.', new.id
            using errcode = 'check_violation',
            hint = 'Insert a row into social_scheduled_posts; the draft''s status follows by itself.';
    end if;
    perform social_write_audit('draft.' || new.status, new.larp_id, new.id,
        jsonb_build_object('from', old.status, 'content_hash', new.content_hash));
    if new.status = 'pending_approval' then
        perform social_emit('SocialDraftSubmittedEvent', new.larp_id, new.id, null,
            jsonb_build_object('title', new.title, 'actor', social_actor()));
    end if;
    return null;
end
$$;
create trigger social_audit_draft_move after update on social_drafts
for each row when (
    old.status is distinct from new.status
    and not (new.status in ('scheduled', 'published', 'failed') and social_follows_post())
)
execute function social_audit_draft_move();

-- Scheduled posts ------------------------------------------------------------------------------------------------

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

create or replace function social_after_new_posts() returns trigger
language plpgsql security definer set search_path from current
set socialpub.follows_post = 'on' -- noqa: PRS
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    followed bigint;
    overtaken uuid;
begin
    -- The draft follows its schedule, if it is still what the post took from it; one entry tells both.
    with scheduled as (
        update social_drafts as draft set status = 'scheduled', scheduled_at = post.publish_at, updated_at = now()
        from new_posts as post
        where
            draft.id = post.draft_id and draft.status in ('approved', 'failed')
            and draft.content_hash = post.content_hash
        returning draft.larp_id, post.id, post.draft_id, post.connection_id, post.publish_at, post.content_hash,
            post.delivery, post.lateness_rule, post.late_by_minutes, post.created_by
    )
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'scheduled_post.created', larp_id, id,
        jsonb_build_object(
            'draft_id', draft_id, 'connection_id', connection_id, 'publish_at', publish_at,
            'content_hash', content_hash, 'delivery', delivery, 'created_by', created_by)
        || case when lateness_rule is null and late_by_minutes is null then '{}' else jsonb_strip_nulls(
            jsonb_build_object('lateness_rule', lateness_rule, 'late_by_minutes', late_by_minutes)) end
    from scheduled;
    get diagnostics followed = row_count;
    if followed != (select count(*) from new_posts) then
        select draft.id into overtaken
        from new_posts as post inner join social_drafts as draft on post.draft_id = draft.id
        where draft.status != 'scheduled' or draft.content_hash != post.content_hash limit 1;
        raise exception 'Draft % is being edited or scheduled at this moment.', overtaken
            using errcode = 'lock_not_available', hint = 'Try again in a second.';
    end if;
    if exists (select 1 from new_posts where due_at <= now() + interval '75 seconds') then
        perform social_wake_up();
    end if;
    return null;
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

-- That a post was claimed and sent, when and by which run, is what its attempt is: the audit log repeats it only where a
-- person asked for it. Everything else that becomes of a post is told as before.
create or replace function social_audit_posts() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = on set enable_nestloop = off set work_mem = '32MB' as $$
begin
    if not exists (
        select 1 from new_posts where status not in ('queued', 'publishing') or requested_now_at is not null
    ) then
        return null;
    end if;
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(),
        'scheduled_post.' || case when after.status != before.status then after.status else 'rescheduled' end,
        (select page.larp_id from facebook_page_connections as page where page.id = after.connection_id), after.id,
        social_post_facts(after)
    from new_posts as after inner join old_posts as before on after.id = before.id
    where
        (after.status != before.status or after.publish_at != before.publish_at)
        and (
            after.status not in ('queued', 'publishing')
            or after.status = 'queued' and before.status = 'pending' and after.requested_now_at is not null
        );
    if exists (select 1 from new_posts where status in ('published', 'failed', 'unconfirmed', 'missed')) then
        insert into social_outbox (event, dedupe_key, larp_id, draft_id, scheduled_post_id, payload)
        select told.event, concat_ws(':', told.event, told.id, pg_current_xact_id()),
            (select draft.larp_id from social_drafts as draft where draft.id = told.draft_id), told.draft_id, told.id,
            jsonb_strip_nulls(jsonb_build_object(
                'title', (select draft.title from social_drafts as draft where draft.id = told.draft_id),
                'publish_at', told.publish_at, 'reason', told.status_reason, 'permalink_url', told.permalink_url))
        from (
            select after.*, case after.status
                when 'published' then 'SocialPublishSucceededEvent' when 'failed' then 'SocialPublishFailedEvent'
                when 'unconfirmed' then 'SocialPublishUnconfirmedEvent' when 'missed' then 'SocialPublishMissedEvent'
            end as event
            from new_posts as after inner join old_posts as before on after.id = before.id
            where after.status != before.status
        ) as told
        where told.event is not null
        on conflict (dedupe_key) do nothing;
    end if;
    return null;
end
$$;
