-- Take the earliest native post that Facebook may hold now, for one run, and open its attempt. One at a time, so that no
-- lease ends while its post waits for the others of its run. A post comes back again_after its last attempt. One that is
-- due, or too close, is left to claim_due_posts, whose conditions on gate and Page these are.
with ready as materialized (
    select
        post.id,
        earlier.attempts
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    cross join lateral (
        select
            count(*) as attempts,
            coalesce(max(attempt.finished_at), '-infinity') as ended_at
        from social_publish_attempts as attempt
        where attempt.scheduled_post_id = post.id
    ) as earlier
    where
        post.stage = 'open'
        and post.status = 'pending'
        and post.delivery = 'native'
        and post.due_at between now() + :min_ahead and now() + :max_ahead
        and post.next_attempt_at is null
        and post.requested_now_at is null
        and earlier.ended_at <= now() - :again_after
        and gate.paused_at is null
        and coalesce(gate.rate_limited_until, '-infinity') <= now()
        and page.paused_at is null
        and page.disconnected_at is null
        and page.token_status != 'lost'
        and coalesce(page.rate_limited_until, '-infinity') <= now()
    order by post.publish_at, post.created_at, post.id
    limit 1
    for update of post skip locked
),

claimed as (
    update social_scheduled_posts as post
    set
        status = 'queued',
        status_reason = null,
        queued_at = now(),
        claimed_by = :claimed_by,
        lease_expires_at = now() + :lease
    from ready
    where post.id = ready.id and post.status = 'pending'
    returning post.id, ready.attempts
)

insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, is_hand_over)
select
    claimed.id,
    claimed.attempts + 1 as attempt_number,
    :dag_id as dag_id,
    :run_id as run_id,
    true as is_hand_over
from claimed
returning scheduled_post_id
