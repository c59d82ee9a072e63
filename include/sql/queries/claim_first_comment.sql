-- The next first comment that may be posted now, marked as being posted before its request leaves: the fence of comments.
-- One that is marked already is taken by nobody here; it is looked up on its post first. The conditions on gate and Page
-- are those of claim_due_posts.
with due as materialized (
    select comment.scheduled_post_id
    from social_first_comments as comment
    inner join social_scheduled_posts as post on comment.scheduled_post_id = post.id
    inner join facebook_page_connections as page on post.connection_id = page.id
    cross join social_publishing_gate as gate
    where
        comment.status = 'pending'
        and comment.due_at <= now()
        and gate.paused_at is null
        and coalesce(gate.rate_limited_until, '-infinity') <= now()
        and page.paused_at is null
        and page.disconnected_at is null
        and page.token_status != 'lost'
        and coalesce(page.rate_limited_until, '-infinity') <= now()
    order by comment.due_at, comment.scheduled_post_id
    limit 1
    for update of comment skip locked
)

update social_first_comments as comment
set status = 'posting', attempts = comment.attempts + 1, reason = null
from due
where comment.scheduled_post_id = due.scheduled_post_id and comment.status = 'pending'
returning comment.scheduled_post_id
