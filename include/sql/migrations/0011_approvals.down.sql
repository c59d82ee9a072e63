-- Back to one approval of anybody, and an audit log without seals. The rules, wall times and seals are lost.
revoke all on social_approval_rules, social_audit_seals from socialpub_backoffice, socialpub_worker, socialpub_readonly;
drop function social_seal_audit_log(bigint);
drop function social_digest_of_seal(social_audit_seals);
drop function social_audit_link(social_audit_log);
drop aggregate social_chain_of(bytea);
drop function social_chain(bytea, bytea);
drop table social_audit_seals;
drop trigger social_follow_wall_time on social_scheduled_posts;
drop function social_follow_wall_time();
drop trigger social_void_approvals_of_other_pages on facebook_page_connections;
drop function social_void_approvals_of_other_pages();
drop table social_approval_rules;
drop function social_audit_approval_rule();
drop function social_guard_approval_rule();

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

create or replace function social_guard_approval() returns trigger
language plpgsql set search_path from current as $$
declare
    draft social_drafts;
begin
    select * into draft from social_drafts where id = new.draft_id for update;
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
    return new;
end
$$;

create or replace function social_after_approval() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    update social_drafts set status = case new.decision when 'approved' then 'approved' else 'draft' end
    where id = new.draft_id and status = case new.decision when 'approved' then 'pending_approval' else status end;
    return null;
end
$$;

create or replace function social_check_draft_evidence() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft social_drafts;
begin
    select * into draft from social_drafts where id = new.id;
    if draft.status in ('approved', 'scheduled') and not exists (
        select 1 from social_draft_approvals
        where draft_id = draft.id and decision = 'approved' and content_hash = draft.content_hash
    ) then
        raise exception 'Draft % is "%" but nobody approved what it says now.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = 'Insert a row into social_draft_approvals (decision ''approved'') in the same transaction.';
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

create or replace function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id,
        to_jsonb(new) || jsonb_build_object('assets', social_draft_assets_of(new.id)));
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
        jsonb_build_object('from', old.status, 'content_hash', new.content_hash));
    if new.status = 'pending_approval' then
        perform social_emit('SocialDraftSubmittedEvent', new.larp_id, new.id, null,
            jsonb_build_object('title', new.title, 'actor', social_actor()));
    end if;
    return null;
end
$$;

create or replace function social_audit_approvals() returns trigger
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
                tg_op = 'INSERT' or new.token_stored_at is distinct from old.token_stored_at));
    return null;
end
$$;

create or replace function social_audit_gate() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when new.paused_at is null then 'gate.opened' else 'gate.paused' end, null,
        '00000000-0000-0000-0000-000000000000', jsonb_strip_nulls(to_jsonb(new)));
    return null;
end
$$;

drop function social_write_audit(text, uuid, uuid, jsonb, jsonb);
create function social_write_audit(action text, larp uuid, entity uuid, payload jsonb) returns void
language sql
begin atomic
insert into social_audit_log (actor, action, larp_id, entity_id, payload)
values (social_actor(), action, larp, entity, payload);
end;

drop trigger social_check_draft_evidence on social_drafts;
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

drop function social_missing_approvals(uuid);
drop function social_changed_from(jsonb, jsonb);
drop function social_person(text);
drop index social_audit_log_by_transaction;
alter table social_audit_log
drop column before,
drop column request_id,
drop column written_in;
alter table social_audit_log enable trigger social_keep_audit_log;
alter table social_audit_log enable trigger social_keep_whole_audit_log;
alter table social_scheduled_posts
drop constraint publish_at_shows_the_wall_time_in_its_zone,
drop constraint wall_time_has_its_zone,
drop column wall_time,
drop column time_zone;
alter table social_draft_approvals
drop column review,
drop column page_id;
drop index social_drafts_by_larp_and_status;
alter table social_drafts
drop column number,
drop column version,
drop column review,
drop column editors;
create index social_drafts_by_larp_and_status on social_drafts (larp_id, status);
-- The roles stay as they are: other databases of the server may use them.
