-- What stands open at this moment, by partial indexes that hold only that, whatever history holds. A column is a metric; one
-- with a label is an object of its values.
with gate as (select * from social_publishing_gate),

page as (select * from facebook_page_connections where disconnected_at is null),

waiting as (
    select
        post.due_at,
        case
            when gate.paused_at is not null or page.paused_at is not null then 'paused'
            when page.id is null or page.token_status = 'lost' then 'token_lost'
            when greatest(page.rate_limited_until, gate.rate_limited_until) > now() then 'rate_limited'
            when page.catch_up_from > now() - interval '5 minutes' then 'catching_up'
            when post.status_reason is not null then 'held'
            else 'none'
        end as why
    from social_scheduled_posts as post
    cross join gate
    left join page on post.connection_id = page.id
    where post.stage = 'open' and post.status = 'pending' and post.due_at <= now()
),

due as (
    select
        why,
        count(*) as posts,
        extract(epoch from now() - min(due_at)) as age
    from waiting
    group by why
),

under_way as (
    select
        status,
        count(*) as posts,
        count(*) filter (where lease_expires_at < now() - interval '2 minutes') as stuck
    from social_posts_on_their_way
    group by status
),

unconfirmed as (
    select coalesce(
        (
            select coalesce(attempt.sent_at, attempt.started_at) from social_publish_attempts as attempt
            where attempt.scheduled_post_id = post.id
            order by attempt.attempt_number desc
            limit 1
        ), post.publish_at
    ) as since
    from social_scheduled_posts as post
    where post.stage = 'unconfirmed'
),

-- The newest events are enough to tell what became of the latest posts.
recent as (
    select
        id,
        event,
        larp_id,
        created_at
    from social_outbox
    order by id desc
    limit 1000
),

successes as (
    select
        larp_id,
        max(id) as id
    from recent
    where event = 'SocialPublishSucceededEvent'
    group by larp_id
),

streaks as (
    select count(*) as failures
    from recent as failed
    left join successes as success on failed.larp_id = success.larp_id
    where
        failed.event = 'SocialPublishFailedEvent'
        and failed.created_at > now() - interval '3 days'
        and failed.id > coalesce(success.id, 0)
    group by failed.larp_id
),

days as (
    select extract(epoch from least(token_expires_at, data_access_expires_at) - now()) / 86400 as remaining
    from page
    where token_status != 'lost' and least(token_expires_at, data_access_expires_at) is not null
),

message as (
    select next_attempt_at
    from social_notifications
    where sent_at is null and dead_at is null
)

select
    (select jsonb_object_agg(why, posts) from due) as social_posts_due,
    (select jsonb_object_agg(why, age) from due) as social_post_oldest_due_age_seconds,
    (select jsonb_object_agg(status, posts) from under_way) as social_posts_under_way,
    (select sum(stuck) from under_way) as social_posts_stuck,
    (select count(*) from unconfirmed) as social_posts_unconfirmed,
    (select extract(epoch from now() - min(since)) from unconfirmed) as social_post_oldest_unconfirmed_age_seconds,
    (select max(failures) from streaks) as social_publish_failures_in_a_row,
    (select count(*) from gate where paused_at is not null) as social_publishing_paused,
    (select count(*) from page where paused_at is not null) as social_pages_paused,
    (
        select extract(epoch from rate_limited_until - now()) from gate where rate_limited_until > now()
    ) as social_app_rate_limit_remaining_seconds,
    (select count(*) from page where rate_limited_until > now()) as social_pages_rate_limited,
    (select count(*) from page where token_status = 'lost') as social_page_tokens_lost,
    (select count(*) from days where remaining < 7) as social_page_tokens_expiring,
    (select min(remaining) from days) as social_page_token_days_left,
    (
        select extract(epoch from now() - min(created_at)) from social_outbox where routed_at is null
    ) as social_outbox_oldest_age_seconds,
    (select count(*) from message) as social_notifications_waiting,
    (
        select extract(epoch from now() - min(next_attempt_at)) from message where next_attempt_at < now()
    ) as social_notification_overdue_seconds,
    (select extract(epoch from finished_at) from social_scans) as social_last_scan_timestamp_seconds
