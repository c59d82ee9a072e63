-- Legal moves and the rules between tables, for every writer, whatever language it is written in. An illegal move is
-- refused with a message that says what happened and a hint that says what to do.

-- Whoever writes can name the person behind it: set_config('socialpub.actor', 'anna@larp.example', true).
create function social_actor() returns text
language sql stable
return coalesce(nullif(current_setting('socialpub.actor', true), ''), session_user::text);

create function social_is_legal_draft_move(old_status text, new_status text) returns boolean
language sql immutable
return (old_status, new_status) in (
    ('draft', 'pending_approval'), ('draft', 'canceled'),
    ('pending_approval', 'approved'), ('pending_approval', 'draft'), ('pending_approval', 'canceled'),
    ('approved', 'scheduled'), ('approved', 'draft'), ('approved', 'canceled'),
    ('scheduled', 'published'), ('scheduled', 'failed'), ('scheduled', 'approved'), ('scheduled', 'draft'),
    ('scheduled', 'canceled'),
    ('failed', 'scheduled'), ('failed', 'draft'), ('failed', 'canceled')
);

create function social_is_legal_post_move(old_status text, new_status text) returns boolean
language sql immutable
return (old_status, new_status) in (
    ('pending', 'queued'), ('pending', 'handed_over'), ('pending', 'canceled'), ('pending', 'missed'),
    ('queued', 'publishing'), ('queued', 'pending'), ('queued', 'canceled'),
    ('publishing', 'published'), ('publishing', 'queued'), ('publishing', 'pending'), ('publishing', 'failed'),
    ('publishing', 'unconfirmed'),
    ('unconfirmed', 'published'), ('unconfirmed', 'pending'), ('unconfirmed', 'failed'),
    ('handed_over', 'published'), ('handed_over', 'pending'), ('handed_over', 'failed'), ('handed_over', 'canceled')
);

create function social_is_final_post_status(status text) returns boolean
language sql immutable
return status in ('published', 'failed', 'canceled', 'missed');

-- One fingerprint of everything an approver sees. jsonb gives each value its own quotes, so no two drafts that differ
-- can share a fingerprint by moving a character from one field to the next.
create function social_content_hash(title text, body text, link text, assets jsonb) returns text
language sql immutable
return encode(sha256(convert_to(jsonb_build_array(title, body, link, assets)::text, 'UTF8')), 'hex');

create function social_draft_assets_of(draft uuid) returns jsonb
language sql stable
return (
    select coalesce(
        jsonb_agg(jsonb_build_array(position, type, storage_path, public_url, checksum_sha256, alt_text)
            order by position), '[]'
    )
    from social_draft_assets where draft_id = draft
);

-- Drafts ---------------------------------------------------------------------------------------------------------

create function social_guard_draft() returns trigger
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

create trigger social_guard_draft before insert or update on social_drafts
for each row execute function social_guard_draft();

-- Runs as the owner, because a backoffice login may move a schedule only by way of its draft here. Everybody else locks
-- a post before its draft; this trigger comes from the draft, so it waits only shortly instead of into a deadlock.
create function social_after_draft() returns trigger
language plpgsql security definer set search_path from current set lock_timeout = '500ms' as $$
begin
    if new.status not in ('draft', 'canceled') then
        return null;
    end if;
    begin
        perform 1 from social_scheduled_posts
        where draft_id = new.id and not social_is_final_post_status(status) for update;
    exception when lock_not_available then
        raise exception 'Draft % is being published or scheduled at this moment.', new.id
            using errcode = 'lock_not_available', hint = 'Try again in a second.';
    end;
    if exists (
        select 1 from social_scheduled_posts where draft_id = new.id and status in ('publishing', 'unconfirmed')
    ) then
        raise exception 'Draft % is on its way to Facebook right now.', new.id using errcode = 'check_violation',
            hint = 'Wait until its scheduled post is published or failed, then edit or delete the post.';
    end if;
    update social_scheduled_posts
    set status = 'canceled',
        status_reason = case new.status when 'draft' then 'The draft was edited after its approval, by '
            else 'The draft was canceled by ' end || social_actor()
    where draft_id = new.id and status in ('pending', 'queued', 'handed_over');
    return null;
end
$$;

create trigger social_after_draft after update on social_drafts
for each row when (old.status is distinct from new.status) execute function social_after_draft();

-- A status is a claim about other rows. Checked at commit, so that a draft, its approval and its schedule may be
-- written in any order within one transaction.
create function social_check_draft_evidence() returns trigger
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

create constraint trigger social_check_draft_evidence after insert or update on social_drafts
deferrable initially deferred for each row
when (new.status in ('approved', 'scheduled', 'published', 'failed'))
execute function social_check_draft_evidence();

create function social_touch_draft_of_asset() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    -- The draft's own trigger computes the fingerprint anew and decides what the edit means.
    update social_drafts set updated_at = now()
    where id in (select coalesce(new.draft_id, old.draft_id) union select old.draft_id where tg_op = 'UPDATE');
    return null;
end
$$;

create trigger social_touch_draft_of_asset
after insert or delete or update of draft_id, position, type, storage_path, public_url, checksum_sha256, alt_text
on social_draft_assets for each row execute function social_touch_draft_of_asset();

-- Approvals ------------------------------------------------------------------------------------------------------

create function social_guard_approval() returns trigger
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

create trigger social_guard_approval before insert on social_draft_approvals
for each row execute function social_guard_approval();

create function social_after_approval() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    update social_drafts set status = case new.decision when 'approved' then 'approved' else 'draft' end
    where id = new.draft_id and status = case new.decision when 'approved' then 'pending_approval' else status end;
    return null;
end
$$;

create trigger social_after_approval after insert on social_draft_approvals
for each row execute function social_after_approval();

-- Scheduled posts ------------------------------------------------------------------------------------------------

create function social_guard_new_post() returns trigger
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

create trigger social_guard_new_post before insert on social_scheduled_posts
for each row execute function social_guard_new_post();

create function social_guard_post() returns trigger
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

create trigger social_guard_post before update on social_scheduled_posts
for each row execute function social_guard_post();

-- The draft follows its schedule, and a canceled post closes the attempt that will not happen now.
create function social_after_post() returns trigger
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
create trigger social_after_post after update of status, publish_at on social_scheduled_posts
for each row when (old.status is distinct from new.status or old.publish_at is distinct from new.publish_at)
execute function social_after_post();

-- Attempts: a closed one is history; only an unknown outcome may still become known. -----------------------------

create function social_guard_attempt() returns trigger
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

create trigger social_guard_attempt before update on social_publish_attempts
for each row execute function social_guard_attempt();

-- History is kept: nothing is deleted, and decisions and the audit log never change. -------------------------------

create function social_refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% of % is refused: it is kept as history.', tg_op, tg_table_name
        using errcode = 'insufficient_privilege', hint = 'Cancel a draft or a scheduled post instead of deleting it.';
end
$$;

create trigger social_keep_drafts before delete on social_drafts
for each row execute function social_refuse_change();
create trigger social_keep_posts before delete on social_scheduled_posts
for each row execute function social_refuse_change();
create trigger social_keep_attempts before delete on social_publish_attempts
for each row execute function social_refuse_change();
create trigger social_keep_approvals before update or delete on social_draft_approvals
for each row execute function social_refuse_change();
create trigger social_keep_audit_log before update or delete on social_audit_log
for each row execute function social_refuse_change();
create trigger social_keep_whole_audit_log before truncate on social_audit_log
for each statement execute function social_refuse_change();

create function social_touch() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create trigger social_touch before update on facebook_page_connections
for each row execute function social_touch();
create trigger social_touch before update on social_draft_assets
for each row execute function social_touch();
