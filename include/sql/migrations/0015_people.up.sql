-- One person with two logins is one person; an approval knows how many were asked for, so that the fence can look once
-- more; the audit log tells which assets an edit took away; and what was uploaded for nothing can be found.

-- People ---------------------------------------------------------------------------------------------------------

-- "airflow:" says by which door somebody came in. Two people of one name count as one: that asks for an approval too
-- many, never for one too few.
create or replace function social_person(name text) returns text
language sql immutable strict parallel safe
return regexp_replace(lower(btrim(name)), '^airflow:\s*', '');

alter table social_drafts disable trigger user;
update social_drafts
set editors = array(select distinct social_person(editor) from unnest(editors) as given (editor))
where editors::text like '%airflow:%';
alter table social_drafts enable trigger user;

alter table social_approval_rules disable trigger user;
update social_approval_rules as rule
set approvers = named.people, required_approvals = least(rule.required_approvals, cardinality(named.people))
from (
    select
        given.larp_id,
        array_agg(distinct social_person(approver) order by social_person(approver)) as people
    from social_approval_rules as given cross join unnest(given.approvers) as listed (approver)
    where given.approvers::text like '%airflow:%'
    group by given.larp_id
) as named
where rule.larp_id = named.larp_id;
alter table social_approval_rules enable trigger user;

-- Approvals ------------------------------------------------------------------------------------------------------

-- How many the LARP asked for when this one was given. A changed rule counts for decisions to come.
alter table social_draft_approvals add column required_approvals smallint not null default 1;

create or replace function social_guard_approval() returns trigger
language plpgsql set search_path from current set enable_seqscan = off as $$
declare
    draft record;
begin
    select
        wanted.id, wanted.status, wanted.content_hash, wanted.review,
        coalesce((
            select rule.required_approvals from social_approval_rules as rule where rule.larp_id = wanted.larp_id
        ), 1) as required,
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
    new.required_approvals := draft.required;
    return new;
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
        -- Unless its LARP has connected another Page meanwhile, for which nobody has approved it.
        update social_drafts as draft
        set status = case when exists (
            select from social_draft_approvals as approval
            inner join facebook_page_connections as page on page.larp_id = draft.larp_id
            where
                approval.draft_id = draft.id and approval.review = draft.review and approval.decision = 'approved'
                and page.disconnected_at is null and approval.page_id != page.page_id
        ) then 'draft' else 'approved' end
        where draft.id = new.draft_id and draft.status = 'scheduled';
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

-- Assets in the audit log ----------------------------------------------------------------------------------------

-- The assets as they are in the fingerprint: when the audit entry of an edit is written, their rows have changed already.
alter table social_drafts add column asset_list jsonb not null default '[]';
alter table social_drafts disable trigger user;
update social_drafts as draft set asset_list = social_draft_assets_of(draft.id)
where exists (select from social_draft_assets as asset where asset.draft_id = draft.id);
alter table social_drafts enable trigger user;

create or replace function social_guard_draft() returns trigger
language plpgsql set search_path from current as $$
declare
    is_edited boolean;
begin
    new.updated_at := now();
    if tg_op = 'INSERT' then
        -- No asset can be there before its draft.
        new.asset_list := '[]';
        new.content_hash := social_content_hash(new.title, new.body, new.link, new.asset_list, new.first_comment,
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
    new.asset_list := old.asset_list;
    -- The fingerprint is computed only when it can differ; whoever changes an asset asks for it by clearing it.
    if (new.title, new.body, new.link, new.first_comment, new.first_comment_delay_minutes, new.content_hash)
        is distinct from (old.title, old.body, old.link, old.first_comment, old.first_comment_delay_minutes,
            old.content_hash) then
        new.asset_list := social_draft_assets_of(new.id);
        new.content_hash := social_content_hash(new.title, new.body, new.link, new.asset_list,
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
        if new.asset_list = '[]' then
            raise exception 'Draft % has no text, link or asset: there is nothing to publish.', old.id
                using errcode = 'check_violation', hint = 'Write a body, or add a link or an asset, then submit it.';
        end if;
    end if;
    -- Graph API reference, Page feed: a post shows either a link or photos.
    if new.status in ('pending_approval', 'approved') and new.link is not null then
        if new.asset_list != '[]' then
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

create function social_draft_facts(draft social_drafts) returns jsonb
language sql stable
return (to_jsonb(draft) - 'asset_list') || jsonb_build_object('assets', draft.asset_list);

create or replace function social_audit_draft_edit() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit('draft.edited', new.larp_id, new.id, social_draft_facts(new),
        social_changed_from(social_draft_facts(old), social_draft_facts(new)));
    return null;
end
$$;

create or replace function social_audit_new_drafts() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_audit_log (actor, action, larp_id, entity_id, payload)
    select social_actor(), 'draft.created', draft.larp_id, draft.id, social_draft_facts(draft) from new_drafts as draft;
    insert into social_outbox (event, dedupe_key, larp_id, draft_id, payload)
    select event, concat_ws(':', event, id, pg_current_xact_id()), larp_id, id,
        jsonb_build_object('title', title, 'actor', social_actor())
    from new_drafts, (values ('SocialDraftSubmittedEvent')) as submitted (event)
    where status = 'pending_approval'
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;

-- Uploads --------------------------------------------------------------------------------------------------------

-- Whole files that no draft took up are deleted some days later; what shows one is found by its path.
create index social_uploads_finished on social_uploads (updated_at) where checksum_sha256 is not null;
create index social_draft_assets_by_path on social_draft_assets (storage_path);
create index social_draft_assets_by_thumbnail on social_draft_assets (thumbnail_path) where thumbnail_path is not null;
