-- The posts of a Page whose token is lost say so, whatever their time. One that somebody else is changing at this moment
-- is left out: hold_due_posts finds it when it is due.
with held as materialized (
    select
        post.id,
        page.token_status_reason
    from social_scheduled_posts as post
    inner join facebook_page_connections as page on post.connection_id = page.id
    where
        post.connection_id = :connection_id
        and post.stage = 'open'
        and post.status = 'pending'
        and page.token_status = 'lost'
        and post.status_reason is distinct from page.token_status_reason
    for update of post skip locked
)

update social_scheduled_posts as post
set status_reason = held.token_status_reason
from held
where post.id = held.id
returning post.id
