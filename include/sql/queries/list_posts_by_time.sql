-- A page of a LARP's calendar by the planned time, whatever became of the posts; the indexes of each Page's living and
-- settled posts give them in order.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
)

select
    next_ones.connection_id,
    next_ones.id,
    next_ones.publish_at
from page
cross join lateral (
    (
        select
            post.connection_id,
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage in ('open', 'unconfirmed', 'handed_over') and post.status = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :each
    )
    union all
    (
        select
            post.connection_id,
            post.id,
            post.publish_at
        from social_scheduled_posts as post
        where
            post.connection_id = page.id
            and post.stage in ('published', 'failed', 'missed', 'canceled') and post.status = any(cast(:statuses as text []))
            and post.publish_at >= :since
            and post.publish_at < :until
            and post.publish_at >= :edge_at
            and (post.publish_at, post.id) > (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
        order by post.publish_at, post.id
        limit :each
    )
) as next_ones
order by next_ones.publish_at, next_ones.id
limit :most
