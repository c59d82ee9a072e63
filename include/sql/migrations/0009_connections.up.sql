-- Pages connect, lose their tokens, reconnect and leave. The row of a connection keeps its LARP and its Page, so that the
-- history of its posts stays true; what is disconnected holds no token and is in nobody's way.
alter table facebook_page_connections
add column token_problem text,
add column token_stored_at timestamptz,
add column prompted_days smallint,
add column granted_by_id text,
add column feed_subscribed_at timestamptz,
add constraint token_problem_is_known check (
    token_problem in ('expired', 'revoked', 'login_required', 'role_lost', 'permission_missing', 'not_permitted',
        'wrong_token', 'key_lost')
),
add constraint only_a_lost_token_has_a_problem check (token_problem is null or token_status = 'lost'),
add constraint prompted_days_are_known check (prompted_days in (7, 3, 1));

update facebook_page_connections set token_stored_at = created_at where access_token is not null;
update facebook_page_connections set access_token = null, user_access_token = null where disconnected_at is not null;
alter table facebook_page_connections add constraint disconnected_means_no_token check (
    disconnected_at is null or (access_token is null and user_access_token is null)
);

-- One living connection per LARP and per Page: next year the same Page may serve another LARP.
alter table facebook_page_connections drop constraint one_connection_per_larp, drop constraint one_connection_per_page;
create unique index one_connection_per_larp on facebook_page_connections (larp_id) where disconnected_at is null;
create unique index one_connection_per_page on facebook_page_connections (page_id) where disconnected_at is null;
create index facebook_page_connections_by_page on facebook_page_connections (page_id);
-- The check of the tokens reads them in this order.
create index facebook_page_connections_by_check on facebook_page_connections (checked_at, id)
where disconnected_at is null;

create function social_guard_connection() returns trigger
language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.id, new.larp_id, new.page_id, new.created_at)
        is distinct from (old.id, old.larp_id, old.page_id, old.created_at) then
        raise exception 'Connection % keeps its LARP and Page.', old.id using errcode = 'check_violation',
            hint = 'Disconnect it, then connect the other Page: its history stays with the old connection.';
    end if;
    if new.disconnected_at is not null then
        new.access_token := null;
        new.user_access_token := null;
    end if;
    -- The same token under another key is the same token: only the rotation may say so.
    if tg_op = 'INSERT' or (
        new.access_token is distinct from old.access_token
        and coalesce(current_setting('socialpub.rotates_keys', true), '') != 'yes'
    ) then
        new.token_stored_at := case when new.access_token is not null then clock_timestamp() end;
        new.prompted_days := null;
    end if;
    if new.token_status != 'lost' then
        new.token_problem := null;
    end if;
    return new;
end
$$;
create trigger social_guard_connection before insert or update on facebook_page_connections
for each row execute function social_guard_connection();

-- Somebody hears of a lost token once, whoever found out: a publish, a read-back, the weekly check, a person.
create function social_tell_token_lost() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    insert into social_outbox (event, dedupe_key, larp_id, connection_id, payload)
    values ('page_token_lost', concat_ws(':', 'page_token_lost', new.id, pg_current_xact_id()), new.larp_id, new.id,
        jsonb_strip_nulls(jsonb_build_object('page_id', new.page_id, 'page_name', new.page_name,
            'problem', new.token_problem, 'reason', new.token_status_reason,
            'reconnect_path', '/backoffice/larp/' || new.larp_id || '/social/facebook/connect')))
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;
create trigger social_tell_token_lost after update on facebook_page_connections
for each row when (new.token_status = 'lost' and old.token_status != 'lost' and new.disconnected_at is null)
execute function social_tell_token_lost();

-- As before, but a token is told from another by when it was stored: its text changes with its key.
create or replace function social_audit_connection() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_write_audit(case when tg_op = 'INSERT' then 'connection.created' else 'connection.changed' end,
        new.larp_id, new.id, jsonb_strip_nulls(to_jsonb(new) - 'access_token' - 'user_access_token')
            || jsonb_build_object('token_changed',
                tg_op = 'INSERT' or new.token_stored_at is distinct from old.token_stored_at));
    return null;
end
$$;
create or replace trigger social_audit_connection after update on facebook_page_connections
for each row when (
    (old.page_id, old.page_name, old.token_stored_at, old.token_status, old.token_problem, old.paused_at,
        old.disconnected_at, old.lateness_rule, old.late_by_minutes, old.rate_limited_until, old.prompted_days,
        old.delivery)
    is distinct from
    (new.page_id, new.page_name, new.token_stored_at, new.token_status, new.token_problem, new.paused_at,
        new.disconnected_at, new.lateness_rule, new.late_by_minutes, new.rate_limited_until, new.prompted_days,
        new.delivery)
)
execute function social_audit_connection();

-- As before, but a LARP may have had other Pages before.
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

-- A person on the way through Facebook's login dialog, from the connect link to the choice of a Page. Of the state that
-- travels through the browser only a fingerprint is kept; the token that waits for the choice is encrypted like any other.
create table social_login_requests (
    id uuid primary key default social_new_id(),
    state_hash text not null,
    larp_id uuid not null references larps (id),
    requested_by text not null,
    redirect_uri text not null,
    expires_at timestamptz not null,
    answered_at timestamptz,
    closed_at timestamptz,
    user_access_token text,
    granted_by text,
    granted_by_id text,
    scopes text [] not null default '{}',
    created_at timestamptz not null default now(),
    constraint one_request_per_state unique (state_hash),
    constraint state_is_a_fingerprint check (state_hash ~ '^[0-9a-f]{64}$'),
    constraint login_token_is_encrypted check (user_access_token ~ '^fernet:'),
    constraint closed_means_no_token check (closed_at is null or user_access_token is null)
);
create index social_login_requests_by_expiry on social_login_requests (expires_at);

grant insert (larp_id, page_id, page_name),
    update (token_problem, token_stored_at, prompted_days, granted_by_id, feed_subscribed_at)
    on facebook_page_connections to socialpub_worker;
grant select (token_problem, token_stored_at, prompted_days, granted_by_id, feed_subscribed_at)
    on facebook_page_connections to socialpub_readonly, socialpub_backoffice;
grant select, insert, update, delete on social_login_requests to socialpub_worker;
-- The prompt to reconnect an expiring token is written by the check, with the link that it alone knows.
grant insert (event, dedupe_key, larp_id, connection_id, payload) on social_outbox to socialpub_worker;
