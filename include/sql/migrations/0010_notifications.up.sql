-- Who hears of what, the messages on their way, and the digests that went out. An event is written in the transaction of
-- its change (0006, 0007, 0009, and below); a message is made from one or several events of one kind for one recipient.

create table social_notification_routes (
    id uuid primary key default social_new_id(),
    larp_id uuid references larps (id),
    event text not null default '*',
    channel text not null,
    recipient text not null default '',
    quiet_from time,
    quiet_until time,
    time_zone text,
    skip_empty boolean not null default false,
    created_at timestamptz not null default now(),
    constraint route_channel_is_known check (channel in ('email', 'slack', 'off')),
    constraint mail_goes_to_an_address check (
        channel != 'email'
        or (recipient ~ '^[^@[:space:],;<>()"]+@[^@[:space:],;<>()"]+$' and char_length(recipient) <= 254)
    ),
    constraint slack_channel_is_one_word check (channel != 'slack' or recipient ~ '^[^[:space:]]{0,100}$'),
    constraint quiet_hours_begin_and_end check ((quiet_from is null) = (quiet_until is null)),
    constraint quiet_zone_is_known check ((now() at time zone time_zone) is not null or time_zone is null)
);
-- The same once; null is equal to null here.
create unique index one_route_per_recipient
on social_notification_routes (coalesce(larp_id, '00000000-0000-0000-0000-000000000000'), event, channel, recipient);

create table social_notifications (
    id uuid primary key default social_new_id(),
    event text not null,
    group_key text not null,
    larp_id uuid,
    channel text not null,
    recipient text not null,
    dedupe_key text not null,
    content jsonb,
    created_at timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    lease_expires_at timestamptz,
    sending_at timestamptz,
    attempts integer not null default 0,
    doubts smallint not null default 0,
    last_error text,
    sent_at timestamptz,
    dead_at timestamptz,
    constraint one_message_per_key unique (dedupe_key),
    constraint notification_channel_is_known check (channel in ('email', 'slack')),
    constraint sent_or_dead check (sent_at is null or dead_at is null),
    constraint dead_says_why check (dead_at is null or btrim(coalesce(last_error, '')) != '')
);
create index social_notifications_waiting on social_notifications (next_attempt_at)
where sent_at is null and dead_at is null;
create index social_notifications_by_group on social_notifications (group_key, channel, recipient, created_at);

create table social_notification_events (
    notification_id uuid not null references social_notifications (id),
    event_id bigint not null references social_outbox (id),
    primary key (notification_id, event_id)
);
create index social_notification_events_by_event on social_notification_events (event_id);

create table social_digests (
    larp_id uuid not null references larps (id),
    local_date date not null,
    sent_at timestamptz not null default now(),
    primary key (larp_id, local_date)
);

-- What is tried again is the message, not the event: an event is routed once.
drop index social_outbox_waiting;
alter table social_outbox
drop column next_attempt_at,
drop column attempts,
drop column last_error,
add column routed_at timestamptz;
-- Nobody wants yesterday's news on the day of the upgrade.
update social_outbox set routed_at = now(), delivered_at = coalesce(delivered_at, now())
where created_at < now() - interval '1 day';
create index social_outbox_unrouted on social_outbox (id) where routed_at is null;

-- A Page or everything stops: said once when it begins, not again while it lasts.
create function social_tell_page_stopped() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    told text := case when old.paused_at is null and new.paused_at is not null then 'page_paused'
        else 'page_rate_limited' end;
begin
    insert into social_outbox (event, dedupe_key, larp_id, connection_id, payload)
    values (told, concat_ws(':', told, new.id, pg_current_xact_id()), new.larp_id, new.id,
        jsonb_strip_nulls(jsonb_build_object('page_id', new.page_id, 'page_name', new.page_name,
            'reason', new.pause_reason, 'actor', new.paused_by, 'until', new.rate_limited_until)))
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;
create trigger social_tell_page_stopped after update on facebook_page_connections
for each row when (
    (old.paused_at is null and new.paused_at is not null)
    or (new.rate_limited_until > now() and coalesce(old.rate_limited_until <= now(), true))
)
execute function social_tell_page_stopped();

create function social_tell_all_stopped() returns trigger
language plpgsql security definer set search_path from current as $$
declare
    told text := case when old.paused_at is null and new.paused_at is not null then 'publishing_paused'
        else 'app_rate_limited' end;
begin
    insert into social_outbox (event, dedupe_key, payload)
    values (told, concat_ws(':', told, pg_current_xact_id()), jsonb_strip_nulls(jsonb_build_object(
        'reason', new.pause_reason, 'actor', new.paused_by, 'until', new.rate_limited_until)))
    on conflict (dedupe_key) do nothing;
    return null;
end
$$;
create trigger social_tell_all_stopped after update on social_publishing_gate
for each row when (
    (old.paused_at is null and new.paused_at is not null)
    or (new.rate_limited_until > now() and coalesce(old.rate_limited_until <= now(), true))
)
execute function social_tell_all_stopped();

-- A comment is given up while its post is live, so that nothing else would say it.
create function social_tell_comment_failed() returns trigger
language plpgsql security definer set search_path from current as $$
begin
    perform social_emit('first_comment_failed', draft.larp_id, draft.id, post.id,
        jsonb_build_object('title', draft.title, 'reason', new.reason))
    from social_scheduled_posts as post inner join social_drafts as draft on post.draft_id = draft.id
    where post.id = new.scheduled_post_id;
    return null;
end
$$;
create trigger social_tell_comment_failed after update on social_first_comments
for each row when (old.status is distinct from new.status and new.status = 'failed')
execute function social_tell_comment_failed();

-- Posts that are due for minutes without a reason mean that nobody scans. Told once an hour while it lasts; returns how
-- many posts wait so.
create function social_tell_unhealthy() returns bigint
language plpgsql security definer set search_path from current as $$
declare
    forgotten bigint;
    oldest timestamptz;
begin
    select count(*), min(post.due_at) into forgotten, oldest
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        post.status = 'pending' and post.due_at < now() - interval '5 minutes' and post.status_reason is null
        and page.paused_at is null and coalesce(page.rate_limited_until < now(), true) and page.token_status != 'lost'
        and page.disconnected_at is null and gate.paused_at is null
        and coalesce(gate.rate_limited_until < now(), true)
        -- Catching up after downtime is paced, and the pace says so.
        and coalesce(page.catch_up_from < now() - interval '5 minutes', true);
    if forgotten > 0 then
        insert into social_outbox (event, dedupe_key, payload)
        values ('stack_unhealthy', 'stack_unhealthy:' || to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24'),
            jsonb_build_object('posts', forgotten, 'oldest_due_at', oldest))
        on conflict (dedupe_key) do nothing;
    end if;
    return forgotten;
end
$$;

-- Whether a delivery would find anything to do. What nobody else would tell is told first.
create function social_has_news() returns boolean
language plpgsql set search_path from current as $$
begin
    perform social_tell_unhealthy();
    return exists (select from social_outbox where routed_at is null)
        or exists (
            select from social_notifications
            where
                sent_at is null and dead_at is null and next_attempt_at <= now()
                and coalesce(lease_expires_at < now(), true)
        );
end
$$;
revoke execute on function social_tell_unhealthy(), social_has_news() from public;
grant execute on function social_tell_unhealthy(), social_has_news() to socialpub_worker;

grant select on social_notification_routes, social_notifications, social_notification_events, social_digests
to socialpub_worker, socialpub_readonly, socialpub_backoffice;
grant insert, update, delete on social_notification_routes to socialpub_backoffice;
grant insert, update on social_notifications to socialpub_worker;
grant insert on social_notification_events to socialpub_worker;
grant insert, update on social_digests to socialpub_worker;
