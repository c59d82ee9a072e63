-- What is due but deliberately left alone, one row a Page, for the scan's log.
select
    page.page_id,
    page.page_name,
    case
        when page.disconnected_at is not null then 'the Page is disconnected'
        when page.token_status = 'lost' then 'its token is lost: ' || coalesce(page.token_status_reason, 'no reason kept')
        when page.paused_at is not null then 'paused by ' || page.paused_by || ': ' || page.pause_reason
        else 'rate limited until ' || to_char(page.rate_limited_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
            || ' UTC'
    end as why,
    count(*) as posts
from social_scheduled_posts as post
inner join facebook_page_connections as page on post.connection_id = page.id
where
    post.status = 'pending'
    and post.due_at <= now()
    and (
        page.disconnected_at is not null
        or page.paused_at is not null
        or page.token_status = 'lost'
        or page.rate_limited_until > now()
    )
group by page.id
order by posts desc, page.page_id asc
