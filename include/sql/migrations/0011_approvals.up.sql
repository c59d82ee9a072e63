-- Who has to approve, who may not, and for which Page; the wall time that a person planned; and an audit log that shows
-- what was there before and can be proved whole. Rules by row stay cheap for a million rows in one statement (0006).

-- Rules ------------------------------------------------------------------------------------------------------------

-- A LARP without a row needs one approval of anybody but the authors. Where people are named, only theirs count.
create table social_approval_rules (
    larp_id uuid primary key references larps (id),
    required_approvals smallint not null default 1,
    approvers text [] not null default '{}',
    updated_at timestamptz not null default now(),
    constraint required_approvals_are_1_to_10 check (required_approvals between 1 and 10),
    constraint named_approvers_are_enough check (
        cardinality(approvers) = 0 or cardinality(approvers) >= required_approvals
    )
);

-- Two spellings of one person are one person.
create function social_person(name text) returns text
language sql immutable strict parallel safe
return lower(btrim(name));

create function social_guard_approval_rule() returns trigger
language plpgsql set search_path from current as $$
begin
    new.updated_at := now();
    new.approvers := array(
        select distinct social_person(name) from unnest(new.approvers) as given (name)
        where btrim(name) != '' order by 1
    );
    return new;
end
$$;
create trigger social_guard_approval_rule before insert or update on social_approval_rules
for each row execute function social_guard_approval_rule();

-- Drafts: a number to list them by, a version to edit them by, a review that approvals belong to ---------------------

alter table social_drafts
add column number bigint not null generated always as identity,
add column version integer not null default 1,
-- Another one makes every earlier approval void, also when the words become what they were.
add column review integer not null default 1,
-- Everybody who edited the content besides created_by, as social_person() writes them.
add column editors text [] not null default '{}';

alter table social_drafts disable trigger user;
update social_drafts set editors = array[social_person(updated_by)]
where
    status in ('draft', 'pending_approval') and updated_by != '' and social_person(updated_by) != social_person(created_by);
alter table social_drafts enable trigger user;

-- The dashboard, newest first. "id" stays out of it on purpose: with it, a lookup by id and status could be planned as a
-- walk over all drafts of a status.
drop index social_drafts_by_larp_and_status;
create index social_drafts_by_larp_and_status on social_drafts (larp_id, status, number);

alter table social_draft_approvals
add column review integer not null default 1,
-- The LARP's Page when it was decided; null when it had none.
add column page_id text;

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
    new.version := old.version + 1;
    new.review := old.review;
    new.editors := old.editors;
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
        if social_person(new.updated_by) != all (old.editors || social_person(old.created_by)) then
            new.editors := old.editors || social_person(new.updated_by);
        end if;
    end if;
    if is_edited or new.status = 'draft' and old.status != 'draft' then
        new.review := old.review + 1;
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

-- Approvals ----------------------------------------------------------------------------------------------------------

-- Called a row, and planned once a session, perhaps while the tables were small: no plan may read a whole one. So there
-- is no join in them either, which could be planned as a merge of whole indexes.

-- How many approvals the draft lacks as it is now. Each person counts once, an author or editor never.
create function social_missing_approvals(draft uuid) returns integer
language plpgsql stable set search_path from current set enable_seqscan = off as $$
declare
    missing integer;
begin
    select greatest(0, coalesce((
        select rule.required_approvals from social_approval_rules as rule where rule.larp_id = wanted.larp_id
    ), 1) - (
        select count(distinct social_person(approval.approver)) from social_draft_approvals as approval
        where
            approval.draft_id = wanted.id and approval.decision = 'approved'
            and approval.review = wanted.review and approval.content_hash = wanted.content_hash
            and social_person(approval.approver) != all (wanted.editors || social_person(wanted.created_by))
            and not exists (
                select from social_approval_rules as rule
                where
                    rule.larp_id = wanted.larp_id and cardinality(rule.approvers) > 0
                    and social_person(approval.approver) != all (rule.approvers)
            )
    )) into missing
    from social_drafts as wanted
    where wanted.id = draft;
    return missing;
end
$$;

create or replace function social_guard_approval() returns trigger
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
    draft record;
begin
    select
        wanted.id, wanted.status, wanted.content_hash, wanted.review,
        coalesce((
            select rule.approvers from social_approval_rules as rule where rule.larp_id = wanted.larp_id
        ), '{}') as named,
        wanted.editors || social_person(wanted.created_by) as authors,
        (
            select page.page_id from facebook_page_connections as page
            where page.larp_id = wanted.larp_id and page.disconnected_at is null
        ) as page_id
    into draft
    from social_drafts as wanted where wanted.id = new.draft_id for update;
    if not found then
        return new; -- The foreign key says it better.
    end if;
    if draft.status not in ('pending_approval', 'approved', 'scheduled') then
        raise exception 'Draft % is "%": there is nothing to decide on.', draft.id, draft.status
            using errcode = 'check_violation', hint = 'Submit it first: update social_drafts set status = ''pending_approval''.';
    end if;
    new.content_hash := coalesce(nullif(new.content_hash, ''), draft.content_hash);
    if new.content_hash != draft.content_hash then
        raise exception 'Draft % was edited after % looked at it.', draft.id, new.approver
            using errcode = 'check_violation', hint = 'Show the approver the new content and ask again.';
    end if;
    if new.decision = 'approved' and social_person(new.approver) = any (draft.authors) then
        raise exception '% wrote or edited draft % and can''t approve it.', new.approver, draft.id
            using errcode = 'check_violation', hint = 'Four eyes: somebody who has not worked on it approves it.';
    end if;
    if new.decision = 'approved' and cardinality(draft.named) > 0 and social_person(new.approver) != all (draft.named) then
        raise exception '% is not named among those who approve draft %.', new.approver, draft.id
            using errcode = 'check_violation', hint = 'Ask one of ' || array_to_string(draft.named, ', ') || '.';
    end if;
    new.review := draft.review;
    new.page_id := draft.page_id;
    return new;
end
$$;

create or replace function social_after_approval() returns trigger
language plpgsql security definer set search_path from current set enable_seqscan = off as $$
begin
    if new.decision = 'rejected' then
        update social_drafts set status = 'draft' where id = new.draft_id;
    elsif exists (select from social_drafts where id = new.draft_id and coalesce(status, '') = 'pending_approval') then
        update social_drafts set status = 'approved'
        where id = new.draft_id and social_missing_approvals(new.draft_id) = 0;
    end if;
    return null;
end
$$;

-- A status is a claim about other rows; see 0002 and 0006.
create or replace function social_check_draft_evidence() returns trigger
language plpgsql security definer set search_path from current set enable_seqscan = off as $$
declare
    draft record;
    missing integer;
begin
    select id, status into draft from social_drafts where id = new.id;
    if draft.status in ('approved', 'scheduled') then
        missing := social_missing_approvals(draft.id);
        if missing > 0 then
            raise exception 'Draft % is "%" but %.', draft.id, draft.status,
                case when missing < coalesce(
                    (select required_approvals from social_approval_rules where larp_id = new.larp_id), 1
                ) then format('lacks %s of its approvals', missing) else 'nobody approved what it says now' end
                using errcode = 'check_violation',
                hint = 'Insert a row into social_draft_approvals (decision ''approved'') for each in the same transaction.';
        end if;
    end if;
    if draft.status in ('scheduled', 'published', 'failed') and not exists (
        select 1 from social_scheduled_posts as post
        where post.draft_id = draft.id and case draft.status
            when 'scheduled' then not social_is_final_post_status(post.status)
            when 'published' then post.status = 'published'
            else post.status in ('failed', 'missed')
        end
    ) then
        raise exception 'Draft % says "%" but no scheduled post of it does.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = 'Insert a row into social_scheduled_posts; the draft''s status follows by itself.';
    end if;
    return null;
end
$$;

-- As in 0006; and what leaves its schedule keeps the approval that it had, by the rule that it was given under.
drop trigger social_check_draft_evidence on social_drafts;
create constraint trigger social_check_draft_evidence after update on social_drafts
deferrable initially deferred for each row
when (
    new.status in ('approved', 'scheduled', 'published', 'failed')
    and (new.status, new.content_hash) is distinct from (old.status, old.content_hash)
    and not (
        new.content_hash = old.content_hash and (
            new.status = 'scheduled' and old.status in ('approved', 'failed')
            or new.status = 'approved' and old.status = 'scheduled'
        )
    )
)
execute function social_check_draft_evidence();

-- What was approved for one Page is not approved for another.
create function social_void_approvals_of_other_pages() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    update social_drafts as draft set status = 'draft'
    where
        draft.larp_id = new.larp_id and draft.status in ('pending_approval', 'approved', 'failed')
        and exists (
            select from social_draft_approvals as approval
            where
                approval.draft_id = draft.id and approval.review = draft.review and approval.decision = 'approved'
                and approval.page_id != new.page_id
        );
    return null;
end
$$;
create trigger social_void_approvals_of_other_pages after insert or update of disconnected_at on facebook_page_connections
for each row when (new.disconnected_at is null) execute function social_void_approvals_of_other_pages();

-- Scheduled posts: the wall time that a person planned ---------------------------------------------------------------

alter table social_scheduled_posts
add column wall_time timestamp,
add column time_zone text,
add constraint wall_time_has_its_zone check ((wall_time is null) = (time_zone is null)),
-- Refuses a time that a change of clocks skips, too: there is no instant that shows it.
add constraint publish_at_shows_the_wall_time_in_its_zone check (publish_at at time zone time_zone = wall_time);

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft record;
begin
    select found.id, found.status, found.larp_id, found.content_hash, page.id as page, page.delivery
    into draft
    from social_drafts as found left join facebook_page_connections as page on found.larp_id = page.larp_id and page.disconnected_at is null
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
    if draft.page is null or draft.page != coalesce(new.connection_id, draft.page)
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
    if new.publish_at is null then
        new.publish_at := new.wall_time at time zone new.time_zone;
    end if;
    return new;
end
$$;

-- Whichever of the two a person changes, the other follows.
create function social_follow_wall_time() returns trigger
language plpgsql as $$
begin
    if new.publish_at is not distinct from old.publish_at then
        new.publish_at := coalesce(new.wall_time at time zone new.time_zone, new.publish_at);
    elsif (new.wall_time, new.time_zone) is not distinct from (old.wall_time, old.time_zone) then
        new.wall_time := new.publish_at at time zone new.time_zone;
    end if;
    return new;
end
$$;
-- By its name before social_guard_post, which judges the new time.
create trigger social_follow_wall_time before update on social_scheduled_posts
for each row when (
    (old.publish_at, old.wall_time, old.time_zone) is distinct from (new.publish_at, new.wall_time, new.time_zone)
)
execute function social_follow_wall_time();

create or replace function social_after_new_posts() returns trigger
language plpgsql security definer set search_path from current
set socialpub.follows_post = 'on' -- noqa: PRS
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
declare
    followed bigint;
    overtaken uuid;
begin
    -- The draft follows its schedule, if it is still what the post took from it; one entry tells both. Whatever the
    -- statistics say, a draft is looked up by its id: its status is compared in a form that no index serves, its id in
    -- one that gives no reason to read an index from end to end, once a post.
    with scheduled as (
        update social_drafts as draft
        set status = 'scheduled', scheduled_at = post.publish_at, updated_at = now(), version = draft.version + 1
        from new_posts as post
        where
            draft.id = any (array[post.draft_id]) and coalesce(draft.status, '') in ('approved', 'failed')
            and draft.content_hash = post.content_hash
        returning draft.larp_id, post.id, post.draft_id, post.connection_id, post.publish_at, post.content_hash,
            post.delivery, post.lateness_rule, post.late_by_minutes, post.created_by, post.wall_time, post.time_zone
    )
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'scheduled_post.created', larp_id, id,
        jsonb_build_object(
            'draft_id', draft_id, 'connection_id', connection_id, 'publish_at', publish_at,
            'content_hash', content_hash, 'delivery', delivery, 'created_by', created_by)
        || case when lateness_rule is null and late_by_minutes is null and time_zone is null then '{}'
            else jsonb_strip_nulls(jsonb_build_object('lateness_rule', lateness_rule,
                'late_by_minutes', late_by_minutes, 'wall_time', wall_time, 'time_zone', time_zone)) end
    from scheduled;
    get diagnostics followed = row_count;
    if followed != (select count(*) from new_posts) then
        select draft.id into overtaken
        from new_posts as post inner join social_drafts as draft on post.draft_id = draft.id
        where coalesce(draft.status, '') != 'scheduled' or draft.content_hash != post.content_hash limit 1;
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
        update social_drafts set scheduled_at = new.publish_at, updated_at = now(), version = version + 1
        where id = new.draft_id;
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
        set status = case new.status when 'published' then 'published' else 'failed' end, updated_at = now(),
            version = version + 1
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

-- The audit log: what was before, which request, and a chain of seals ------------------------------------------------

alter table social_audit_log
add column before jsonb,
add column request_id text default nullif(current_setting('socialpub.request_id', true), ''),
-- A transaction that is over writes no further rows: what is below the oldest one that is open can be sealed without
-- making any writer wait.
add column written_in bigint not null default (pg_current_xact_id()::text::bigint);
-- Costs a writer nothing; rows lie in the order in which they were written.
create index social_audit_log_by_transaction on social_audit_log using brin (written_in)
with (pages_per_range = 32, autosummarize = on);

-- Not even a session that replays (session_replication_role) changes it.
alter table social_audit_log enable always trigger social_keep_audit_log;
alter table social_audit_log enable always trigger social_keep_whole_audit_log;

-- Values of the old row that the new one has no more.
create function social_changed_from(old_row jsonb, new_row jsonb) returns jsonb
language sql immutable parallel safe
return (
    select coalesce(jsonb_object_agg(was.key, was.value), '{}') from jsonb_each(old_row) as was
    where was.value is distinct from new_row -> was.key and was.key not in ('updated_at', 'version')
);

drop function social_write_audit(text, uuid, uuid, jsonb);
create function social_write_audit(
    action text, larp uuid, entity uuid, payload jsonb, before jsonb default null
) returns void
language sql
begin atomic
insert into social_audit_log (actor, action, larp_id, entity_id, payload, before)
values (social_actor(), action, larp, entity, payload, before);
end;

create or replace function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id,
        to_jsonb(new) || jsonb_build_object('assets', social_draft_assets_of(new.id)),
        social_changed_from(to_jsonb(old), to_jsonb(new)));
    return null;
end
$$;

create or replace function social_audit_draft_move() returns trigger
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
        jsonb_build_object('from', old.status, 'content_hash', new.content_hash),
        jsonb_build_object('status', old.status));
    if new.status = 'pending_approval' then
        perform social_emit('SocialDraftSubmittedEvent', new.larp_id, new.id, null,
            jsonb_build_object('title', new.title, 'actor', social_actor()));
    end if;
    return null;
end
$$;

-- Approved is told when the draft is, not when the first of several has approved.
create or replace function social_audit_approvals() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
begin
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'draft.' || approval.decision || '_by_approver', draft.larp_id, draft.id, to_jsonb(approval)
    from new_approvals as approval inner join social_drafts as draft on draft.id = any (array[approval.draft_id]);
    insert into social_outbox (event, dedupe_key, larp_id, draft_id, payload)
    select event, concat_ws(':', event, draft.id, pg_current_xact_id()), draft.larp_id, draft.id,
        jsonb_build_object('title', draft.title, 'approver', approval.approver, 'comment', approval.comment)
    from new_approvals as approval
    inner join social_drafts as draft on draft.id = any (array[approval.draft_id])
    cross join lateral (select case approval.decision when 'approved' then 'SocialDraftApprovedEvent'
        else 'SocialDraftRejectedEvent' end) as told (event)
    where approval.decision = 'rejected' or coalesce(draft.status, '') != 'pending_approval'
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;

create or replace function social_audit_posts() returns trigger
language plpgsql security definer set search_path from current
set enable_hashjoin = on set enable_nestloop = off set work_mem = '32MB' as $$
begin
    if not exists (
        select 1 from new_posts where status not in ('queued', 'publishing') or requested_now_at is not null
    ) then
        return null;
    end if;
    insert into social_audit_log (actor, action, larp_id, entity_id, payload, before)
    select social_actor(),
        'scheduled_post.' || case when after.status != before.status then after.status else 'rescheduled' end,
        (select page.larp_id from facebook_page_connections as page where page.id = after.connection_id), after.id,
        social_post_facts(after),
        jsonb_build_object('status', before.status) || case when after.publish_at != before.publish_at
            then jsonb_build_object('publish_at', before.publish_at) else '{}' end
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

create or replace function social_audit_connection() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    action text := 'connection.changed';
begin
    if tg_op = 'INSERT' then
        action := 'connection.created';
    elsif new.disconnected_at is not null and old.disconnected_at is null then
        action := 'connection.disconnected';
    elsif new.disconnected_at is null and old.disconnected_at is not null then
        action := 'connection.reconnected';
    elsif new.token_stored_at is distinct from old.token_stored_at then
        action := case when old.token_stored_at is null then 'connection.connected' else 'connection.token_replaced' end;
    elsif new.token_status = 'lost' and old.token_status != 'lost' then
        action := 'connection.token_lost';
    end if;
    perform social_write_audit(action, new.larp_id, new.id,
        jsonb_strip_nulls(to_jsonb(new) - 'access_token' - 'user_access_token')
            || jsonb_build_object('token_changed',
                tg_op = 'INSERT' or new.token_stored_at is distinct from old.token_stored_at),
        case when tg_op = 'UPDATE' then
            social_changed_from(to_jsonb(old) - 'access_token' - 'user_access_token', to_jsonb(new)) end);
    return null;
end
$$;

create or replace function social_audit_gate() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when new.paused_at is null then 'gate.opened' else 'gate.paused' end, null,
        '00000000-0000-0000-0000-000000000000', jsonb_strip_nulls(to_jsonb(new)),
        social_changed_from(to_jsonb(old), to_jsonb(new)));
    return null;
end
$$;

create function social_audit_approval_rule() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'DELETE' then
        perform social_write_audit('approval_rule.removed', old.larp_id, old.larp_id, '{}', to_jsonb(old));
    else
        perform social_write_audit('approval_rule.set', new.larp_id, new.larp_id, to_jsonb(new),
            case when tg_op = 'UPDATE' then social_changed_from(to_jsonb(old), to_jsonb(new)) end);
    end if;
    return null;
end
$$;
create trigger social_audit_approval_rule after insert or update or delete on social_approval_rules
for each row execute function social_audit_approval_rule();

-- A chain of seals over the log. Writers never wait for it: a seal covers rows of transactions that are over. The first
-- one of a server (a database restored elsewhere counts its transactions anew) covers all rows that are there, up to
-- base_id; each later one those between the end of the one before it and its own, in the order (written_in, id).
create table social_audit_seals (
    number bigint primary key,
    cluster bigint not null,
    base_id bigint not null,
    after_transaction bigint not null,
    after_id bigint not null,
    upto_transaction bigint not null,
    upto_id bigint not null,
    row_count bigint not null,
    digest bytea not null,
    sealed_at timestamptz not null default clock_timestamp(),
    constraint seals_are_numbered_from_one check (number > 0),
    constraint digest_is_sha256 check (octet_length(digest) = 32)
);
create trigger social_keep_seals before update or delete on social_audit_seals
for each row execute function social_refuse_change();
create trigger social_keep_all_seals before truncate on social_audit_seals
for each statement execute function social_refuse_change();
alter table social_audit_seals enable always trigger social_keep_seals;
alter table social_audit_seals enable always trigger social_keep_all_seals;

create function social_chain(so_far bytea, link bytea) returns bytea
language sql immutable parallel safe
return sha256(so_far || link);
create aggregate social_chain_of(bytea) (sfunc = social_chain, stype = bytea, initcond = '');

-- Everything that a row says, in a form that no setting of a session changes.
create function social_audit_link(entry social_audit_log) returns bytea
language sql stable
return sha256(convert_to(jsonb_build_array(
    entry.id, to_char(entry.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), entry.actor, entry.action,
    entry.larp_id, entry.entity_id, entry.payload, entry.before, entry.request_id, entry.written_in
)::text, 'UTF8'));

-- How many rows the seal covers, and the digest that they and the seal before it give.
create function social_digest_of_seal(seal social_audit_seals, out row_count bigint, out digest bytea)
language plpgsql stable set search_path from current as $$
declare
    rows_digest bytea;
begin
    if seal.upto_transaction = 0 then
        select count(*), social_chain_of(social_audit_link(entry) order by entry.id) into row_count, rows_digest
        from social_audit_log as entry where entry.id <= seal.base_id;
    else
        select count(*), social_chain_of(social_audit_link(entry) order by entry.written_in, entry.id)
        into row_count, rows_digest
        from social_audit_log as entry
        where
            entry.id > seal.base_id and entry.written_in between seal.after_transaction and seal.upto_transaction
            and (entry.written_in, entry.id) > (seal.after_transaction, seal.after_id)
            and (entry.written_in, entry.id) <= (seal.upto_transaction, seal.upto_id);
    end if;
    digest := sha256(
        coalesce((select earlier.digest from social_audit_seals as earlier where earlier.number = seal.number - 1), '')
        || convert_to(concat_ws('|', seal.number, seal.cluster, seal.base_id, seal.after_transaction, seal.after_id,
            seal.upto_transaction, seal.upto_id, row_count), 'UTF8')
        || coalesce(rows_digest, '')
    );
end
$$;

-- Adds one seal over the next rows, "most" of them at the most; returns how many, null when there is nothing to seal.
create function social_seal_audit_log(most bigint) returns bigint
language plpgsql security definer set search_path from current as $$
declare
    earlier social_audit_seals;
    seal social_audit_seals;
    covered record;
begin
    perform pg_advisory_xact_lock(hashtextextended('social_audit_seals', 0));
    select * into earlier from social_audit_seals order by number desc limit 1;
    seal.number := coalesce(earlier.number, 0) + 1;
    seal.cluster := (select system_identifier from pg_control_system());
    if seal.cluster is distinct from earlier.cluster then
        -- Once a server: no writer is under way, so nothing with a lower id can come later.
        lock table social_audit_log in share mode;
        seal.base_id := coalesce((select max(id) from social_audit_log), 0);
        seal.after_transaction := 0;
        seal.after_id := 0;
        seal.upto_transaction := 0;
        seal.upto_id := seal.base_id;
    else
        seal.base_id := earlier.base_id;
        seal.after_transaction := earlier.upto_transaction;
        seal.after_id := case earlier.upto_transaction when 0 then 0 else earlier.upto_id end;
        select written_in, id into covered
        from (
            select written_in, id from social_audit_log
            where
                id > seal.base_id and written_in >= seal.after_transaction
                and written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                and (written_in, id) > (seal.after_transaction, seal.after_id)
            order by written_in, id limit most
        ) as next_rows
        order by written_in desc, id desc limit 1;
        if not found then
            return null;
        end if;
        seal.upto_transaction := covered.written_in;
        seal.upto_id := covered.id;
    end if;
    select * into covered from social_digest_of_seal(seal);
    insert into social_audit_seals (number, cluster, base_id, after_transaction, after_id, upto_transaction, upto_id,
        row_count, digest)
    values (seal.number, seal.cluster, seal.base_id, seal.after_transaction, seal.after_id, seal.upto_transaction,
        seal.upto_id, covered.row_count, covered.digest);
    return covered.row_count;
end
$$;
revoke execute on function social_seal_audit_log(bigint) from public;

-- Who may do what ----------------------------------------------------------------------------------------------------

-- What people do by way of the publisher's own programs (the backoffice API, the command line) it does as the backoffice,
-- with that role's rights and no others: "set local role". It inherits nothing from it.
alter role socialpub_worker noinherit;
do $$
begin
    if not pg_has_role('socialpub_worker', 'socialpub_backoffice', 'member') then
        grant socialpub_backoffice to socialpub_worker;
    end if;
exception
    when unique_violation or object_in_use or internal_error then
        null; -- Another database of this server is being migrated at this moment and was first.
    when insufficient_privilege then
        raise warning 'Grant socialpub_backoffice to socialpub_worker, as somebody who may: the backoffice API needs it.';
end
$$;

grant select on social_approval_rules, social_audit_seals
    to socialpub_backoffice, socialpub_worker, socialpub_readonly;
grant insert (larp_id, required_approvals, approvers), update (required_approvals, approvers), delete
    on social_approval_rules to socialpub_backoffice;
grant insert (wall_time, time_zone), update (wall_time, time_zone) on social_scheduled_posts to socialpub_backoffice;
grant execute on function social_seal_audit_log(bigint) to socialpub_worker;
