-- Every counter and bucket as it stands: what the last scan summed up and what came since, of one moment, so that no
-- change is seen twice or missed while a scan sums up.
select
    metric,
    labels,
    sum(amount) as amount
from (
    select * from social_metric_totals
    union all
    select * from social_metric_changes
) as counted
group by metric, labels
