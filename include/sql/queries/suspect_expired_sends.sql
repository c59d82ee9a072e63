-- A post behind the fence whose run did not tell what became of it: it may be live, so it becomes unconfirmed and is
-- read back before anything else. Nobody comes back for it, so the scan may look it up at once, not look_again_after later.
with expired as materialized (
    select post.id
    from social_scheduled_posts as post
    where
        post.id = any(array(
            select on_its_way.id from social_posts_on_their_way as on_its_way
            where on_its_way.status = 'publishing' and on_its_way.lease_expires_at < now()
        ))
        and post.status = 'publishing'
        and post.lease_expires_at < now()
    order by post.lease_expires_at
    limit :max_posts
    for update skip locked
),

suspected as (
    update social_scheduled_posts as post
    set
        status = 'unconfirmed',
        status_reason = 'Its run ' || post.claimed_by || ' vanished after the fence; it may be live. '
        || 'It is looked up on the Page before anything else.',
        next_attempt_at = now() - :look_again_after
    from expired
    where post.id = expired.id
    returning post.id, post.status_reason
),

closed as (
    update social_publish_attempts as attempt
    set finished_at = now(), outcome = 'unconfirmed', error_message = suspected.status_reason
    from suspected
    -- The limit keeps this a look by index for each post; as a join it may compare every post with every attempt.
    cross join lateral (
        select latest.id
        from social_publish_attempts as latest
        where latest.scheduled_post_id = suspected.id -- noqa: RF01
            and latest.finished_at is null
        order by latest.attempt_number
        limit 1
    ) as unfinished
    where attempt.id = unfinished.id
)

select id from suspected
