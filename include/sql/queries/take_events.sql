-- Events that nobody has made messages of yet, oldest first, each with what makes it one of a kind with others: of a
-- failure, what Facebook or the network answered to the newest attempt.
select
    event.id,
    event.event,
    event.larp_id,
    larp.time_zone,
    coalesce(
        concat_ws('/', attempt.error_class, attempt.error_code, attempt.error_subcode),
        ''
    ) as cause
from social_outbox as event
left join larps as larp on event.larp_id = larp.id
left join lateral (
    select
        error_class,
        error_code,
        error_subcode
    from social_publish_attempts
    where scheduled_post_id = event.scheduled_post_id and finished_at is not null
    order by attempt_number desc
    limit 1
) as attempt on event.event in ('SocialPublishFailedEvent', 'SocialPublishUnconfirmedEvent')
where event.routed_at is null
order by event.id
limit :max_events
for update of event skip locked
