-- What there is to do beside publishing, each as a yes or a no, so that a run without work costs one look at some small
-- indexes. Whether a Page may be posted to right now is left to those who then take the work.
select
    exists(
        select 1 from social_scheduled_posts
        where
            stage = 'open'
            and status = 'pending'
            and delivery = 'native'
            and due_at between now() + :min_ahead and now() + :max_ahead
            and next_attempt_at is null
            and requested_now_at is null
    ) as has_posts_to_hand_over,
    exists(
        select 1 from social_scheduled_posts
        where stage = 'handed_over' and (handed_over_for <= now() - :look_after or handed_over_for != publish_at)
    ) as has_posts_to_verify,
    exists(
        select 1 from social_media_cleanups
        where done_at is null and not_before <= now() and attempts < :max_cleanups
    ) as has_cleanups,
    exists(
        select 1 from social_first_comments
        where status in ('pending', 'posting') and due_at <= now()
    ) as has_first_comments,
    -- Those of the last seconds are the API server's, which looks at them as they come.
    exists(
        select 1 from social_webhook_events
        where processed_at is null and received_at < now() - interval '10 seconds'
    ) as has_webhook_events,
    exists(select 1 from social_webhook_events where processed_at < now() - :events_kept)
    or exists(select 1 from social_api_answers where created_at < now() - :answers_kept)
    or exists(select 1 from social_uploads where checksum_sha256 is null and updated_at < now() - :uploads_kept)
    or exists(select 1 from social_uploads where checksum_sha256 is not null and updated_at < now() - :finished_kept)
        as has_old_rows
