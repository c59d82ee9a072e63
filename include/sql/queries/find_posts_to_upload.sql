-- Approved posts of the coming hours whose photos or videos are not all at Facebook yet, or would be dead by their time
-- (Facebook deletes a photo that no post shows after about 24 hours), the earliest first. What the scan is about to
-- claim brings its media along itself; what Facebook is to hold has its own way.
select post.id
from social_scheduled_posts as post
inner join facebook_page_connections as page on post.connection_id = page.id
cross join social_publishing_gate as gate
where
    post.stage = 'open'
    and post.status = 'pending'
    and post.delivery = 'direct'
    and post.due_at > now() + :claim_ahead
    and post.due_at <= now() + :upload_ahead
    and gate.paused_at is null
    and coalesce(gate.rate_limited_until, '-infinity') <= now()
    and page.paused_at is null
    and page.disconnected_at is null
    and page.token_status != 'lost'
    and coalesce(page.rate_limited_until, '-infinity') <= now()
    and exists (
        select 1 from social_draft_assets as asset
        where
            asset.draft_id = post.draft_id
            and (asset.upload_state != 'uploaded' or asset.is_temporary or asset.uploaded_at + :lifetime < post.due_at)
    )
order by post.due_at, post.id
limit :max_posts
