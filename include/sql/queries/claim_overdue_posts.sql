-- Catching up after downtime: overdue posts of the given (locked) Pages, oldest first, each Page's at its pace, so that
-- its followers are not flooded. Each post gets its Page's next slot as next_attempt_at; publish_at stays what a person
-- planned. A slot beyond claim_ahead is left for a later scan. Pages do not wait for each other. The status is asked of
-- what was locked, not in the joins: the plan might then compare every post with every other.
with lined_up as (
    select
        post.id,
        greatest(now(), page.catch_up_from) + :pace * (
            row_number() over (
                partition by post.connection_id order by post.publish_at, post.created_at, post.id
            ) - 1
        ) as slot
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    where
        post.connection_id = any(:page_ids)
        and post.stage = 'open'
        and post.status = 'pending'
        and post.due_at <= now()
        and post.publish_at <= now() - :overdue_after
),

due as materialized (
    select
        post.id,
        post.status,
        lined_up.slot
    from social_scheduled_posts as post
    inner join lined_up on post.id = lined_up.id
    where lined_up.slot <= now() + :claim_ahead
    order by post.publish_at, post.created_at, post.id
    limit :max_posts
    for update of post skip locked
),

claimed as (
    update social_scheduled_posts as post
    set
        status = 'queued',
        status_reason = null,
        next_attempt_at = due.slot,
        queued_at = now(),
        updated_at = now(),
        claimed_by = :claimed_by,
        lease_expires_at = due.slot + :lease
    from due
    where post.id = due.id and due.status = 'pending'
    returning post.id, post.connection_id, post.publish_at, post.created_at, due.slot
),

paced as (
    update facebook_page_connections as page
    set catch_up_from = latest.slot + :pace
    from (
        select
            connection_id,
            max(slot) as slot
        from claimed
        group by connection_id
    ) as latest
    where page.id = latest.connection_id
)

select
    id,
    connection_id
from claimed
order by publish_at, created_at, id
