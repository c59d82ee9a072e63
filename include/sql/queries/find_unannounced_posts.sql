-- The published posts that Airflow was not told of, in the order in which they became so.
select
    event_id,
    scheduled_post_id,
    larp_id,
    page_id,
    facebook_post_id,
    permalink_url,
    published_at
from social_unannounced_posts
order by created_at, event_id
limit :max_posts
