-- A page of the posts that did not go out, or may not have, by their planned time and the newest first. Each state is a
-- range of a partial index, so it costs the same beside a million that went well.
with page as (
    select id
    from unnest(cast(:connection_ids as uuid [])) as given (id)
),

wanted as (
    select stage
    from unnest(cast(:statuses as text [])) as given (stage)
)

select
    next_ones.connection_id,
    next_ones.id,
    next_ones.publish_at
from page
cross join wanted
cross join lateral (
    select
        post.connection_id,
        post.id,
        post.publish_at
    from social_scheduled_posts as post
    where
        post.connection_id = page.id
        and post.stage = wanted.stage
        and post.stage in ('handed_over', 'unconfirmed', 'failed', 'missed', 'canceled')
        and post.publish_at >= :since
        and post.publish_at < :until
        and post.publish_at <= :edge_at
        and (post.publish_at, post.id) < (cast(:edge_at as timestamptz), cast(:edge_id as uuid))
    order by post.publish_at desc, post.id desc
    limit :each
) as next_ones
order by next_ones.publish_at desc, next_ones.id desc
limit :most
