-- What is due but deliberately left alone, one row a Page, for the scan's log.
select
    page.page_id,
    page.page_name,
    case
        when gate.paused_at is not null then 'all publishing is paused by ' || gate.paused_by || ': ' || gate.pause_reason
        when page.disconnected_at is not null then 'the Page is disconnected'
        when page.token_status = 'lost' then 'its token is lost: ' || coalesce(page.token_status_reason, 'no reason kept')
        when page.paused_at is not null then 'paused by ' || page.paused_by || ': ' || page.pause_reason
        when page.rate_limited_until > now() or gate.rate_limited_until > now() then
            'rate limited until '
            || to_char(
                greatest(page.rate_limited_until, gate.rate_limited_until) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'
            ) || ' UTC'
        else 'catching up; its next post goes out at '
            || to_char(page.catch_up_from at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
    end as why,
    count(*) as posts
from social_scheduled_posts as post
inner join facebook_page_connections as page on post.connection_id = page.id
cross join social_publishing_gate as gate
where
    post.stage = 'open'
    and post.status = 'pending'
    and post.due_at <= now()
    and (
        page.disconnected_at is not null
        or page.paused_at is not null
        or page.token_status = 'lost'
        or page.rate_limited_until > now()
        or gate.paused_at is not null
        or gate.rate_limited_until > now()
        or page.catch_up_from > now()
    )
group by page.id, gate.id
order by posts desc, page.page_id asc
