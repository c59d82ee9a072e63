-- Back to an index and an audit entry for each thing.
drop trigger social_audit_draft_move on social_drafts;
drop function social_audit_draft_move();
drop trigger social_guard_draft_change on social_drafts;
create or replace trigger social_guard_draft before insert or update on social_drafts
for each row execute function social_guard_draft();
drop function social_follows_post();

drop index one_live_schedule_per_draft;
create unique index one_live_schedule_per_draft on social_scheduled_posts (draft_id)
where status not in ('failed', 'canceled', 'missed');
create index social_scheduled_posts_by_draft on social_scheduled_posts (draft_id);
drop index social_scheduled_posts_by_page;
create index social_scheduled_posts_by_publish_at on social_scheduled_posts (publish_at);

alter table facebook_page_connections alter column id set default gen_random_uuid();
alter table social_drafts alter column id set default gen_random_uuid();
alter table social_draft_assets alter column id set default gen_random_uuid();
alter table social_draft_approvals alter column id set default gen_random_uuid();
alter table social_scheduled_posts alter column id set default gen_random_uuid();
alter table social_publish_attempts alter column id set default gen_random_uuid();
drop function social_new_id();

create function social_audit_draft_moves() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = on set enable_nestloop = off set work_mem = '32MB' as $$
declare
    unscheduled uuid;
begin
    select draft.id into unscheduled
    from new_drafts as draft
    where draft.status = 'scheduled'
        -- As a value, not "not exists", which could be planned as a join with all posts there are.
        and (
            select post.id from social_scheduled_posts as post
            where post.draft_id = draft.id and post.status not in ('failed', 'canceled', 'missed') limit 1
        ) is null
    limit 1;
    if unscheduled is not null then
        raise exception 'Draft % says "scheduled" but no scheduled post of it does.', unscheduled
            using errcode = 'check_violation',
            hint = 'Insert a row into social_scheduled_posts; the draft''s status follows by itself.';
    end if;
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'draft.' || after.status, after.larp_id, after.id,
        jsonb_build_object('from', before.status, 'content_hash', after.content_hash)
    from new_drafts as after inner join old_drafts as before on after.id = before.id
    where after.status != before.status;
    if exists (select 1 from new_drafts where status = 'pending_approval') then
        insert into social_outbox (event, dedupe_key, larp_id, draft_id, payload)
        select 'SocialDraftSubmittedEvent',
            concat_ws(':', 'SocialDraftSubmittedEvent', after.id, pg_current_xact_id()), after.larp_id, after.id,
            jsonb_build_object('title', after.title, 'actor', social_actor())
        from new_drafts as after inner join old_drafts as before on after.id = before.id
        where after.status = 'pending_approval' and before.status != 'pending_approval'
        on conflict (dedupe_key) do nothing;
    end if;
    return null;
end
$$;
create trigger social_audit_draft_moves after update on social_drafts
referencing old table as old_drafts new table as new_drafts
for each statement execute function social_audit_draft_moves();

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft record;
    connection record;
begin
    select id, status, larp_id, content_hash into draft from social_drafts where id = new.draft_id;
    if not found then
        return new; -- The foreign key says it better.
    end if;
    if draft.status not in ('approved', 'failed') then
        raise exception 'Draft % is "%": only an approved draft can be scheduled.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = case draft.status when 'scheduled' then 'Cancel its present schedule first.'
                else 'Submit it, let it be approved, then schedule it.' end;
    end if;
    select id, disconnected_at into connection from facebook_page_connections where larp_id = draft.larp_id;
    if not found or connection.disconnected_at is not null or connection.id != coalesce(new.connection_id, connection.id)
    then
        raise exception 'LARP % has no connected Facebook Page for draft %.', draft.larp_id, draft.id
            using errcode = 'check_violation', hint = 'Connect the LARP''s Page, then schedule the draft again.';
    end if;
    if new.status != 'pending' then
        raise exception 'A new scheduled post starts as "pending", not "%".', new.status
            using errcode = 'check_violation', hint = 'Leave the status out; publishing moves it.';
    end if;
    new.connection_id := connection.id;
    new.content_hash := draft.content_hash;
    new.created_by := coalesce(nullif(new.created_by, ''), social_actor());
    return new;
end
$$;

create or replace function social_after_new_posts() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    followed bigint;
    overtaken uuid;
begin
    -- The draft follows its schedule, if it is still what the post took from it.
    update social_drafts as draft set status = 'scheduled', scheduled_at = post.publish_at
    from new_posts as post
    where draft.id = post.draft_id and draft.status in ('approved', 'failed') and draft.content_hash = post.content_hash;
    get diagnostics followed = row_count;
    if followed != (select count(*) from new_posts) then
        select draft.id into overtaken
        from new_posts as post inner join social_drafts as draft on post.draft_id = draft.id
        where draft.status != 'scheduled' or draft.content_hash != post.content_hash limit 1;
        raise exception 'Draft % is being edited or scheduled at this moment.', overtaken
            using errcode = 'lock_not_available', hint = 'Try again in a second.';
    end if;
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'scheduled_post.created',
        (select page.larp_id from facebook_page_connections as page where page.id = post.connection_id), post.id,
        jsonb_strip_nulls(jsonb_build_object(
            'draft_id', post.draft_id, 'connection_id', post.connection_id, 'publish_at', post.publish_at,
            'content_hash', post.content_hash, 'delivery', post.delivery, 'lateness_rule', post.lateness_rule,
            'late_by_minutes', post.late_by_minutes, 'created_by', post.created_by))
    from new_posts as post;
    if exists (select 1 from new_posts where due_at <= now() + interval '75 seconds') then
        perform social_wake_up();
    end if;
    return null;
end
$$;

create or replace function social_after_post() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if new.publish_at is distinct from old.publish_at then
        update social_drafts set scheduled_at = new.publish_at where id = new.draft_id;
        -- A person moved it (publishing moves next_attempt_at), so this is no scan that wakes itself.
        if new.due_at <= now() + interval '75 seconds' then
            perform social_wake_up();
        end if;
    elsif new.status = 'canceled' then
        update social_publish_attempts set finished_at = now(), outcome = 'canceled', error_message = new.status_reason
        where scheduled_post_id = new.id and finished_at is null;
        update social_drafts set status = 'approved' where id = new.draft_id and status = 'scheduled';
    else
        update social_drafts set status = case new.status when 'published' then 'published' else 'failed' end
        where id = new.draft_id and status = 'scheduled';
    end if;
    return null;
end
$$;

create or replace function social_audit_posts() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = on set enable_nestloop = off set work_mem = '32MB' as $$
begin
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(),
        'scheduled_post.' || case when after.status != before.status then after.status else 'rescheduled' end,
        (select page.larp_id from facebook_page_connections as page where page.id = after.connection_id), after.id,
        -- A claim says who has the post until when, and what it is; it changes nothing else unless a person asked for it.
        case when after.status = 'queued' and before.status = 'pending' and after.requested_now_at is null
            then jsonb_build_object('publish_at', after.publish_at, 'due_at', after.due_at,
                'content_hash', after.content_hash, 'claimed_by', after.claimed_by,
                'lease_expires_at', after.lease_expires_at)
            else social_post_facts(after)
        end
    from new_posts as after inner join old_posts as before on after.id = before.id
    where after.status != before.status or after.publish_at != before.publish_at;
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
