-- A queued post whose run did not move it on in time: nothing was sent, so it goes back to the scan.
with expired as materialized (
    select post.id
    from social_scheduled_posts as post
    where
        post.id = any(array(
            select on_its_way.id from social_posts_on_their_way as on_its_way
            where on_its_way.status = 'queued' and on_its_way.lease_expires_at < now()
        ))
        and post.status = 'queued'
        and post.lease_expires_at < now()
    order by post.lease_expires_at
    limit :max_posts
    for update skip locked
),

released as (
    update social_scheduled_posts as post
    set
        status = 'pending',
        status_reason = 'Its run ' || post.claimed_by || ' did not send it in time; nothing was sent.'
    from expired
    where post.id = expired.id
    returning post.id, post.status_reason
),

closed as (
    update social_publish_attempts as attempt
    set finished_at = now(), outcome = 'released', error_message = released.status_reason
    from released
    -- The limit keeps this a look by index for each post; as a join it may compare every post with every attempt.
    cross join lateral (
        select latest.id
        from social_publish_attempts as latest
        where latest.scheduled_post_id = released.id -- noqa: RF01
            and latest.finished_at is null
        order by latest.attempt_number
        limit 1
    ) as unfinished
    where attempt.id = unfinished.id
)

select id from released
