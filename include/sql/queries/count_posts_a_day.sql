-- How many posts each day of a calendar holds, by state and in the zone of its LARP: what a month shows when it can't
-- show them all.
select
    (publish_at at time zone cast(:zone as text))::date as day,
    status,
    count(*) as posts
from social_posts_of_pages
where
    connection_id = any(:connection_ids)
    and publish_at >= :since
    and publish_at < :until
    and status != 'canceled'
group by 1, 2
