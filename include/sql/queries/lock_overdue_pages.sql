-- The Pages that have overdue posts, owned by this transaction, so that two scans never deal out the same catch-up slots.
-- One that another scan holds is left to it.
select page.id
from facebook_page_connections as page
where
    page.id in (
        select post.connection_id
        from social_scheduled_posts as post
        where
            post.stage = 'open'
            and post.status = 'pending'
            and post.due_at <= now()
            and post.publish_at <= now() - :overdue_after
    )
    and page.paused_at is null
    and page.disconnected_at is null
    and page.token_status != 'lost'
    and coalesce(page.rate_limited_until, '-infinity') <= now()
    and exists (
        select 1 from social_publishing_gate as gate
        where gate.paused_at is null and coalesce(gate.rate_limited_until, '-infinity') <= now()
    )
order by page.id
for no key update of page skip locked
