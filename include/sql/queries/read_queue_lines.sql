-- What a list shows of these posts, with the latest try of each.
select
    post.id,
    post.draft_id,
    post.status,
    post.status_reason as reason,
    post.publish_at,
    post.due_at,
    post.wall_time,
    post.time_zone,
    post.published_at,
    post.requested_now_at,
    post.facebook_post_id,
    post.permalink_url,
    post.delivery,
    post.handed_over_for,
    draft.title,
    draft.status as draft_status,
    draft.version as draft_version,
    page.page_id,
    page.page_name,
    larps.id as larp_id,
    larps.title as larp_title,
    coalesce(last_try.attempt_number, 0) as attempts,
    last_try.dag_id,
    last_try.run_id,
    last_try.error_class,
    last_try.fbtrace_id,
    extract(epoch from case
        when post.status = 'published'
            then greatest(post.published_at - coalesce(post.requested_now_at, post.publish_at), interval '0')
        when post.status in ('pending', 'queued', 'publishing', 'unconfirmed') and post.publish_at < now()
            then now() - post.publish_at
    end)::double precision as late_seconds
from social_scheduled_posts as post
inner join social_drafts as draft on post.draft_id = draft.id
inner join facebook_page_connections as page on post.connection_id = page.id
inner join larps on page.larp_id = larps.id
left join lateral (
    select
        attempt_number,
        dag_id,
        run_id,
        error_class,
        fbtrace_id
    from social_publish_attempts
    where scheduled_post_id = post.id
    order by attempt_number desc
    limit 1
) as last_try on true
where post.id = any(:post_ids)
