-- Everything that a message says about its events, as it stands now: the post may have moved on since.
select
    event.id,
    event.event,
    event.payload,
    event.created_at,
    event.draft_id,
    event.scheduled_post_id,
    larp.title as larp,
    larp.time_zone,
    page.page_name,
    draft.title,
    post.publish_at,
    post.status,
    post.status_reason,
    post.published_at,
    post.permalink_url,
    attempt.error_message,
    attempt.error_class,
    attempt.error_code,
    attempt.error_subcode,
    attempt.fbtrace_id,
    attempt.http_status,
    attempt.run_id
from social_notification_events as link
inner join social_outbox as event on link.event_id = event.id
left join larps as larp on event.larp_id = larp.id
left join social_scheduled_posts as post on event.scheduled_post_id = post.id
left join social_drafts as draft on event.draft_id = draft.id
left join facebook_page_connections as page on coalesce(post.connection_id, event.connection_id) = page.id
left join lateral (
    select
        error_message,
        error_class,
        error_code,
        error_subcode,
        fbtrace_id,
        http_status,
        run_id
    from social_publish_attempts
    where scheduled_post_id = event.scheduled_post_id
    order by attempt_number desc
    limit 1
) as attempt on true
where link.notification_id = :notification_id
order by event.id
