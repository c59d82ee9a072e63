-- Take what is due within claim_ahead for one run, in the order that people planned, so that posts of one Page which
-- were held together also leave together. "skip locked" lets any number of scans run side by
-- side without waiting for each other or taking a post twice. A post is left where it is while publishing or its Page is
-- paused, the Page has lost its token, or a rate limit holds; an overdue one is left to claim_overdue_posts. The attempt
-- counts from here: it is opened in the same transaction. What is locked is still pending, so the update does not ask again:
-- with the status in it, its plan may be to compare every post that waits with every one that is taken. The stage finds the
-- index; updated_at spares the guard (see 0014_hot).
with due as materialized (
    select post.id
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        post.stage = 'open'
        and post.status = 'pending'
        and post.due_at <= now() + :claim_ahead
        and post.publish_at > now() - :overdue_after
        and gate.paused_at is null
        and coalesce(gate.rate_limited_until, '-infinity') <= greatest(post.due_at, now())
        and page.paused_at is null
        and page.disconnected_at is null
        and page.token_status != 'lost'
        and coalesce(page.rate_limited_until, '-infinity') <= greatest(post.due_at, now())
    order by post.publish_at, post.created_at, post.id
    limit :max_posts
    for update of post skip locked
),

claimed as (
    update social_scheduled_posts as post
    set
        status = 'queued',
        status_reason = null,
        queued_at = now(),
        updated_at = now(),
        claimed_by = :claimed_by,
        lease_expires_at = greatest(post.due_at, now()) + :lease
    from due
    where post.id = due.id
    returning post.id, post.connection_id, post.publish_at, post.created_at
)

select
    id,
    connection_id
from claimed
order by publish_at, created_at, id
