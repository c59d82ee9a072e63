-- What is due on a Page whose token is lost says why it stays: posts that were scheduled, released or rescued since.
with held as materialized (
    select
        post.id,
        page.token_status_reason
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    where
        post.stage = 'open'
        and post.status = 'pending'
        and post.due_at <= now()
        and page.token_status = 'lost'
        and post.status_reason is distinct from page.token_status_reason
    for update of post skip locked
)

update social_scheduled_posts as post
set status_reason = held.token_status_reason
from held
where post.id = held.id
returning post.id
