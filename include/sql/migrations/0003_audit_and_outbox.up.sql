-- Every change that a person may ask about later is written to the audit log, and every event that somebody wants to
-- hear of to the outbox, in the transaction of the change itself: never one without the other.

create function social_write_audit(action text, larp uuid, entity uuid, payload jsonb) returns void
language sql
begin atomic
insert into social_audit_log (actor, action, larp_id, entity_id, payload)
values (social_actor(), action, larp, entity, payload);
end;

create function social_emit(event text, larp uuid, draft uuid, post uuid, payload jsonb) returns void
language sql
begin atomic
-- One event per row and transaction, so a reader can tell a repeated delivery from a repeated event.
insert into social_outbox (event, dedupe_key, larp_id, draft_id, scheduled_post_id, payload)
values (event, concat_ws(':', event, coalesce(post, draft), pg_current_xact_id()), larp, draft, post, payload)
on conflict (dedupe_key) do nothing;
end;

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

create function social_audit_connection() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when tg_op = 'INSERT' then 'connection.created' else 'connection.changed' end,
        new.larp_id, new.id, jsonb_strip_nulls(to_jsonb(new) - 'access_token' - 'user_access_token')
            || jsonb_build_object('token_changed', tg_op = 'INSERT' or new.access_token is distinct from old.access_token));
    return null;
end
$$;
create trigger social_audit_new_connection after insert on facebook_page_connections
for each row execute function social_audit_connection();
create trigger social_audit_connection after update on facebook_page_connections
for each row when (
    (old.page_id, old.page_name, old.access_token, old.token_status, old.paused_at, old.disconnected_at,
        old.lateness_rule, old.late_by_minutes, old.rate_limited_until)
    is distinct from
    (new.page_id, new.page_name, new.access_token, new.token_status, new.paused_at, new.disconnected_at,
        new.lateness_rule, new.late_by_minutes, new.rate_limited_until)
)
execute function social_audit_connection();
