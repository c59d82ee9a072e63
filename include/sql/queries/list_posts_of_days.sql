-- The first posts of each day of a calendar. Every day is a range of each Page's calendar of its own, so a day with
-- thousands costs what it shows.
select
    next_ones.id,
    next_ones.publish_at
from unnest(cast(:starts as timestamptz []), cast(:ends as timestamptz [])) as day (starts_at, ends_at)
cross join unnest(cast(:connection_ids as uuid [])) as page (id)
cross join lateral (
    select
        id,
        publish_at
    from social_scheduled_posts
    where
        connection_id = page.id
        and publish_at >= day.starts_at
        and publish_at < day.ends_at
        and status != 'canceled'
    order by publish_at, id
    limit :most
) as next_ones
order by next_ones.publish_at, next_ones.id
