-- One statement over a million rows costs what a million rows cost, not a million times one row: what follows from a
-- change is written by set, once a statement (transition tables); what a row needs before it is stored stays with the
-- row and looks up only what can have changed. The rules and their messages are those of 0002 and 0003.
--
-- A statement's plan is kept for the session, whatever number of rows it was made for. The settings of a function
-- therefore leave it only plans that stay linear: a lookup by index for each row (no hash, merge or sequential scan),
-- or, between the two transition tables, which have no index, a hash (no nested loop).

-- Drafts ---------------------------------------------------------------------------------------------------------

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

create or replace function social_touch_draft_of_asset() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    -- The draft's own trigger computes the fingerprint anew and decides what the edit means.
    update social_drafts set content_hash = ''
    where id in (select coalesce(new.draft_id, old.draft_id) union select old.draft_id where tg_op = 'UPDATE');
    return null;
end
$$;

create or replace trigger social_after_draft after update on social_drafts
for each row when (old.status is distinct from new.status and new.status in ('draft', 'canceled'))
execute function social_after_draft();

-- Evidence is checked at commit for what an approved draft says. Nothing but a new status or fingerprint can make it
-- wrong: approvals are never deleted, and a post takes its draft along. A move to "scheduled" keeps its approval and
-- only needs its post, which must be there before it: social_audit_draft_moves looks at once, by set.
drop trigger social_check_draft_evidence on social_drafts;
create constraint trigger social_check_new_draft_evidence after insert on social_drafts
deferrable initially deferred for each row
when (new.status in ('approved', 'scheduled', 'published', 'failed'))
execute function social_check_draft_evidence();
create constraint trigger social_check_draft_evidence after update on social_drafts
deferrable initially deferred for each row
when (
    new.status in ('approved', 'scheduled', 'published', 'failed')
    and (new.status, new.content_hash) is distinct from (old.status, old.content_hash)
    and not (
        new.status = 'scheduled' and old.status in ('approved', 'failed') and new.content_hash = old.content_hash
    )
)
execute function social_check_draft_evidence();

drop trigger social_audit_draft on social_drafts;
drop function social_audit_draft();

create function social_audit_new_drafts() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'draft.created', draft.larp_id, draft.id, to_jsonb(draft) from new_drafts as draft;
    insert into social_outbox (event, dedupe_key, larp_id, draft_id, payload)
    select event, concat_ws(':', event, id, pg_current_xact_id()), larp_id, id,
        jsonb_build_object('title', title, 'actor', social_actor())
    from new_drafts, (values ('SocialDraftSubmittedEvent')) as submitted (event)
    where status = 'pending_approval'
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;
create trigger social_audit_new_drafts after insert on social_drafts
referencing new table as new_drafts
for each statement execute function social_audit_new_drafts();

create function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id, to_jsonb(new));
    return null;
end
$$;
create trigger social_audit_draft_edit after update on social_drafts
for each row when (old.content_hash is distinct from new.content_hash) execute function social_audit_draft_edit();

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

-- Approvals ------------------------------------------------------------------------------------------------------

drop trigger social_audit_approval on social_draft_approvals;
drop function social_audit_approval();

create function social_audit_approvals() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
begin
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'draft.' || approval.decision || '_by_approver', draft.larp_id, draft.id, to_jsonb(approval)
    from new_approvals as approval inner join social_drafts as draft on approval.draft_id = draft.id;
    insert into social_outbox (event, dedupe_key, larp_id, draft_id, payload)
    select event, concat_ws(':', event, draft.id, pg_current_xact_id()), draft.larp_id, draft.id,
        jsonb_build_object('title', draft.title, 'approver', approval.approver, 'comment', approval.comment)
    from new_approvals as approval
    inner join social_drafts as draft on approval.draft_id = draft.id
    cross join lateral (select case approval.decision when 'approved' then 'SocialDraftApprovedEvent'
        else 'SocialDraftRejectedEvent' end) as told (event)
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;
create trigger social_audit_approvals after insert on social_draft_approvals
referencing new table as new_approvals
for each statement execute function social_audit_approvals();

-- Scheduled posts ------------------------------------------------------------------------------------------------

-- As strict as the constraint of the same name was, and no work for a post that has no Facebook post yet.
alter table social_scheduled_posts drop constraint one_row_per_facebook_post;
create unique index one_row_per_facebook_post on social_scheduled_posts (facebook_post_id)
where facebook_post_id is not null;
-- What is leased is what is on its way: few rows, which social_scheduled_posts_on_their_way finds as well. Each index
-- less makes each move of a post cheaper.
drop index social_scheduled_posts_leased;

-- Looks without a lock, which would cost as much as the look itself; social_after_new_posts makes sure of it.
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

-- What of a post can change, for the audit log; the entry of its creation holds the rest.
create function social_post_facts(post social_scheduled_posts) returns jsonb
language sql stable
return jsonb_strip_nulls(jsonb_build_object(
    'publish_at', post.publish_at, 'status', post.status, 'status_reason', post.status_reason,
    'content_hash', post.content_hash, 'next_attempt_at', post.next_attempt_at,
    'requested_now_at', post.requested_now_at, 'requested_now_by', post.requested_now_by,
    'requested_now_reason', post.requested_now_reason, 'claimed_by', post.claimed_by,
    'lease_expires_at', post.lease_expires_at, 'published_at', post.published_at,
    'facebook_post_id', post.facebook_post_id, 'permalink_url', post.permalink_url, 'delivery', post.delivery,
    'lateness_rule', post.lateness_rule, 'late_by_minutes', post.late_by_minutes
));

drop trigger social_after_new_post on social_scheduled_posts;
drop trigger social_audit_new_post on social_scheduled_posts;
drop trigger social_audit_post on social_scheduled_posts;
drop function social_audit_post();

-- The wake-up: who listens on social_due starts a scan now, for what becomes due before the next one (claim_ahead).
-- It carries nothing, so all of a transaction's fold into one, and losing one costs a minute at most.
create function social_wake_up() returns void
language sql
begin atomic
select pg_notify('social_due', '');
end;

create function social_after_new_posts() returns trigger
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
create trigger social_after_new_posts after insert on social_scheduled_posts
referencing new table as new_posts
for each statement execute function social_after_new_posts();

-- The draft follows its schedule, and a canceled post closes the attempt that will not happen now.
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
-- A claim, which moves posts by the thousand, changes nothing for their drafts.
create or replace trigger social_after_post after update on social_scheduled_posts
for each row when (
    old.publish_at is distinct from new.publish_at
    or old.status is distinct from new.status and new.status in ('canceled', 'published', 'failed', 'missed')
)
execute function social_after_post();

create function social_audit_posts() returns trigger
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
create trigger social_audit_posts after update on social_scheduled_posts
referencing old table as old_posts new table as new_posts
for each statement execute function social_audit_posts();
