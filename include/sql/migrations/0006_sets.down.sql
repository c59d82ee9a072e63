-- Back to one trigger call a row.
drop trigger social_audit_posts on social_scheduled_posts;
drop function social_audit_posts();
drop trigger social_after_new_posts on social_scheduled_posts;
drop function social_after_new_posts();
drop function social_wake_up();
drop function social_post_facts(social_scheduled_posts);
drop trigger social_audit_approvals on social_draft_approvals;
drop function social_audit_approvals();
drop trigger social_audit_draft_moves on social_drafts;
drop function social_audit_draft_moves();
drop trigger social_audit_draft_edit on social_drafts;
drop function social_audit_draft_edit();
drop trigger social_audit_new_drafts on social_drafts;
drop function social_audit_new_drafts();
drop trigger social_check_draft_evidence on social_drafts;
drop trigger social_check_new_draft_evidence on social_drafts;
drop index one_row_per_facebook_post;
alter table social_scheduled_posts add constraint one_row_per_facebook_post unique (facebook_post_id);
create index social_scheduled_posts_leased on social_scheduled_posts (lease_expires_at)
where status in ('queued', 'publishing');

create or replace function social_guard_draft() returns trigger
language plpgsql set search_path from current as $$
declare
    is_edited boolean;
begin
    new.content_hash := social_content_hash(new.title, new.body, new.link, social_draft_assets_of(new.id));
    new.updated_at := now();
    if tg_op = 'INSERT' then
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
    if new.status in ('pending_approval', 'approved') and btrim(new.body) = '' and new.link is null
        and social_draft_assets_of(new.id) = '[]' then
        raise exception 'Draft % has no text, link or asset: there is nothing to publish.', old.id
            using errcode = 'check_violation', hint = 'Write a body, or add a link or an asset, then submit it.';
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
    update social_drafts set updated_at = now()
    where id in (select coalesce(new.draft_id, old.draft_id) union select old.draft_id where tg_op = 'UPDATE');
    return null;
end
$$;

create or replace trigger social_after_draft after update on social_drafts
for each row when (old.status is distinct from new.status) execute function social_after_draft();
create constraint trigger social_check_draft_evidence after insert or update on social_drafts
deferrable initially deferred for each row
when (new.status in ('approved', 'scheduled', 'published', 'failed'))
execute function social_check_draft_evidence();

create or replace function social_guard_new_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft social_drafts;
    connection facebook_page_connections;
begin
    select * into draft from social_drafts where id = new.draft_id for update;
    if not found then
        return new; -- The foreign key says it better.
    end if;
    if draft.status not in ('approved', 'failed') then
        raise exception 'Draft % is "%": only an approved draft can be scheduled.', draft.id, draft.status
            using errcode = 'check_violation',
            hint = case draft.status when 'scheduled' then 'Cancel its present schedule first.'
                else 'Submit it, let it be approved, then schedule it.' end;
    end if;
    select * into connection from facebook_page_connections
    where larp_id = draft.larp_id and id = coalesce(new.connection_id, id);
    if not found or connection.disconnected_at is not null then
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

create or replace function social_after_post() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        update social_drafts set status = 'scheduled', scheduled_at = new.publish_at where id = new.draft_id;
    elsif new.publish_at is distinct from old.publish_at then
        update social_drafts set scheduled_at = new.publish_at where id = new.draft_id;
    elsif new.status = 'canceled' then
        update social_publish_attempts set finished_at = now(), outcome = 'canceled', error_message = new.status_reason
        where scheduled_post_id = new.id and finished_at is null;
        update social_drafts set status = 'approved' where id = new.draft_id and status = 'scheduled';
    elsif new.status in ('published', 'failed', 'missed') then
        update social_drafts set status = case new.status when 'published' then 'published' else 'failed' end
        where id = new.draft_id and status = 'scheduled';
    end if;
    return null;
end
$$;

create trigger social_after_new_post after insert on social_scheduled_posts
for each row execute function social_after_post();
create or replace trigger social_after_post after update of status, publish_at on social_scheduled_posts
for each row when (old.status is distinct from new.status or old.publish_at is distinct from new.publish_at)
execute function social_after_post();

create function social_audit_draft() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        perform social_write_audit('draft.created', new.larp_id, new.id, to_jsonb(new));
    elsif new.content_hash is distinct from old.content_hash then
        perform social_write_audit('draft.edited', new.larp_id, new.id, to_jsonb(new));
    end if;
    if tg_op = 'UPDATE' and new.status is distinct from old.status then
        perform social_write_audit('draft.' || new.status, new.larp_id, new.id,
            jsonb_build_object('from', old.status, 'content_hash', new.content_hash));
    end if;
    if new.status = 'pending_approval' and (tg_op = 'INSERT' or old.status is distinct from new.status) then
        perform social_emit('SocialDraftSubmittedEvent', new.larp_id, new.id, null,
            jsonb_build_object('title', new.title, 'actor', social_actor()));
    end if;
    return null;
end
$$;
create trigger social_audit_draft after insert or update on social_drafts
for each row execute function social_audit_draft();

create function social_audit_approval() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft social_drafts;
begin
    select * into draft from social_drafts where id = new.draft_id;
    perform social_write_audit('draft.' || new.decision || '_by_approver', draft.larp_id, new.draft_id, to_jsonb(new));
    perform social_emit(case new.decision when 'approved' then 'SocialDraftApprovedEvent'
        else 'SocialDraftRejectedEvent' end, draft.larp_id, new.draft_id, null,
        jsonb_build_object('title', draft.title, 'approver', new.approver, 'comment', new.comment));
    return null;
end
$$;
create trigger social_audit_approval after insert on social_draft_approvals
for each row execute function social_audit_approval();

create function social_audit_post() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    draft social_drafts;
    event text;
begin
    select * into draft from social_drafts where id = new.draft_id;
    perform social_write_audit(
        'scheduled_post.' || case when tg_op = 'INSERT' then 'created'
            when new.status is distinct from old.status then new.status else 'rescheduled' end,
        draft.larp_id, new.id, jsonb_strip_nulls(to_jsonb(new)));
    event := case when tg_op = 'INSERT' or new.status is not distinct from old.status then null else case new.status
        when 'published' then 'SocialPublishSucceededEvent' when 'failed' then 'SocialPublishFailedEvent'
        when 'unconfirmed' then 'SocialPublishUnconfirmedEvent' when 'missed' then 'SocialPublishMissedEvent' end end;
    if event is not null then
        perform social_emit(event, draft.larp_id, new.draft_id, new.id, jsonb_strip_nulls(jsonb_build_object(
            'title', draft.title, 'publish_at', new.publish_at, 'reason', new.status_reason,
            'permalink_url', new.permalink_url)));
    end if;
    return null;
end
$$;
create trigger social_audit_new_post after insert on social_scheduled_posts
for each row execute function social_audit_post();
create trigger social_audit_post after update on social_scheduled_posts
for each row when (old.status is distinct from new.status or old.publish_at is distinct from new.publish_at)
execute function social_audit_post();
