-- What a lane's label says: how much it holds, and its earliest post. Airflow asks before the lane itself loads its posts.
with lane as (
    select
        page.page_name,
        draft.title,
        post.publish_at,
        larp.time_zone,
        post.connection_id
    from social_scheduled_posts as post
    inner join social_drafts as draft on post.draft_id = draft.id
    inner join larps as larp on draft.larp_id = larp.id
    inner join facebook_page_connections as page on post.connection_id = page.id
    where post.id = any(:post_ids)
)

select
    count(*) as posts,
    count(distinct connection_id) as pages,
    (array_agg(page_name order by publish_at))[1] as page_name,
    (array_agg(title order by publish_at))[1] as title,
    min(publish_at) as publish_at,
    (array_agg(time_zone order by publish_at))[1] as time_zone
from lane
