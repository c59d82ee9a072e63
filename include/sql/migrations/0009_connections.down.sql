-- Back to one connection per LARP and per Page, living or not. Refused while one of them has two rows: delete the history
-- of the older one first, nobody but a person can decide that.
revoke insert (event, dedupe_key, larp_id, connection_id, payload) on social_outbox from socialpub_worker;
revoke insert (larp_id, page_id, page_name) on facebook_page_connections from socialpub_worker;
drop table social_login_requests;

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

create or replace function social_audit_connection() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when tg_op = 'INSERT' then 'connection.created' else 'connection.changed' end,
        new.larp_id, new.id, jsonb_strip_nulls(to_jsonb(new) - 'access_token' - 'user_access_token')
            || jsonb_build_object('token_changed', tg_op = 'INSERT' or new.access_token is distinct from old.access_token));
    return null;
end
$$;
create or replace trigger social_audit_connection after update on facebook_page_connections
for each row when (
    (old.page_id, old.page_name, old.access_token, old.token_status, old.paused_at, old.disconnected_at,
        old.lateness_rule, old.late_by_minutes, old.rate_limited_until, old.delivery)
    is distinct from
    (new.page_id, new.page_name, new.access_token, new.token_status, new.paused_at, new.disconnected_at,
        new.lateness_rule, new.late_by_minutes, new.rate_limited_until, new.delivery)
)
execute function social_audit_connection();

drop trigger social_tell_token_lost on facebook_page_connections;
drop function social_tell_token_lost();
drop trigger social_guard_connection on facebook_page_connections;
drop function social_guard_connection();

drop index facebook_page_connections_by_check;
drop index facebook_page_connections_by_page;
drop index one_connection_per_page;
drop index one_connection_per_larp;
alter table facebook_page_connections
add constraint one_connection_per_larp unique (larp_id),
add constraint one_connection_per_page unique (page_id),
drop constraint disconnected_means_no_token,
drop constraint prompted_days_are_known,
drop constraint only_a_lost_token_has_a_problem,
drop constraint token_problem_is_known,
drop column feed_subscribed_at,
drop column granted_by_id,
drop column prompted_days,
drop column token_stored_at,
drop column token_problem;
