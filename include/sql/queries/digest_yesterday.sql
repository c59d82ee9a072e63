-- What became of a LARP's posts between two instants (its yesterday). A post that moved later than a week after its time
-- is not looked for: the index of the Page's calendar bounds the search.
select
    post.id,
    post.draft_id,
    post.publish_at,
    post.published_at,
    post.status,
    post.status_reason,
    post.permalink_url,
    post.requested_now_at is not null as is_by_hand,
    draft.title,
    page.page_name
from facebook_page_connections as page
inner join social_posts_of_pages as post on page.id = post.connection_id
inner join social_drafts as draft on post.draft_id = draft.id
where
    page.larp_id = :larp_id
    and post.publish_at >= cast(:starts_at as timestamptz) - interval '7 days'
    and post.publish_at < cast(:ends_at as timestamptz) + interval '7 days'
    and (
        (post.status = 'published' and post.published_at >= :starts_at and post.published_at < :ends_at)
        or (post.status in ('failed', 'missed') and post.updated_at >= :starts_at and post.updated_at < :ends_at)
    )
order by coalesce(post.published_at, post.publish_at), post.id
