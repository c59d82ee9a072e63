-- When socialpub after-restore last paused all publishing; null if it never did. The gate's few entries stand under an id
-- of their own.
select max(occurred_at) as restored_at
from social_audit_log
where
    entity_id = '00000000-0000-0000-0000-000000000000'
    and action = 'gate.paused'
    and payload ->> 'pause_reason' like 'restored from a dump of %'
