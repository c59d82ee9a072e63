-- Bring what this process has counted since it last did so. Rows are added, never changed, so nobody waits.
insert into social_metric_changes (metric, labels, amount)
select
    metric,
    array(select jsonb_array_elements_text(labels)) as labels,
    amount
from jsonb_to_recordset(cast(:counted as jsonb)) as counted (metric text, labels jsonb, amount double precision)
