// What dbt gives under one name for every database, in the words of MySQL and MariaDB. datediff()
// counts the borders between two points in time, as dbt's own does on every warehouse, and weeks
// begin on Sunday there and on Monday in date_trunc(). any_value() and bool_or() are min() and
// max(), since MariaDB has no such functions.
#include "stages/transform/compile/builtin_macros.h"

namespace pipeline::dbt {

const std::string_view cross_database_macros_text = R"jinja(
{%- macro type_boolean() -%}
    {{ return(adapter.dispatch('type_boolean', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_boolean() -%}
signed
{%- endmacro -%}

{%- macro dateadd(datepart, interval, from_date_or_timestamp) -%}
    {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{%- endmacro -%}
{%- macro mysql__dateadd(datepart, interval, from_date_or_timestamp) -%}
date_add({{ from_date_or_timestamp }}, interval ({{ interval }}) {{ datepart }})
{%- endmacro -%}

{%- macro datediff(first_date, second_date, datepart) -%}
    {{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{%- endmacro -%}
{%- macro mysql__datediff(first_date, second_date, datepart) -%}
{%- set part = datepart | lower -%}
{%- set a = '(' ~ first_date ~ ')' -%}
{%- set b = '(' ~ second_date ~ ')' -%}
{%- set cut = {'hour': '%Y-%m-%d %H:00:00', 'minute': '%Y-%m-%d %H:%i:00', 'second': '%Y-%m-%d %H:%i:%s'} -%}
{%- if part == 'year' -%}
    (year({{ b }}) - year({{ a }}))
{%- elif part == 'quarter' -%}
    ((year({{ b }}) * 4 + quarter({{ b }})) - (year({{ a }}) * 4 + quarter({{ a }})))
{%- elif part == 'month' -%}
    ((year({{ b }}) * 12 + month({{ b }})) - (year({{ a }}) * 12 + month({{ a }})))
{%- elif part == 'week' -%}
    (floor((to_days({{ b }}) - 1) / 7) - floor((to_days({{ a }}) - 1) / 7))
{%- elif part == 'day' -%}
    datediff({{ b }}, {{ a }})
{%- elif part in cut -%}
    timestampdiff({{ part }}, date_format({{ a }}, '{{ cut[part] }}'), date_format({{ b }}, '{{ cut[part] }}'))
{%- elif part == 'millisecond' -%}
    (timestampdiff(microsecond, {{ a }}, {{ b }}) div 1000)
{%- elif part == 'microsecond' -%}
    timestampdiff(microsecond, {{ a }}, {{ b }})
{%- else -%}
    {{ exceptions.raise_compiler_error("datediff() knows no datepart '" ~ datepart ~ "'") }}
{%- endif -%}
{%- endmacro -%}

{%- macro date_trunc(datepart, date) -%}
    {{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }}
{%- endmacro -%}
{%- macro mysql__date_trunc(datepart, date) -%}
{%- set part = datepart | lower -%}
{%- set of = '(' ~ date ~ ')' -%}
{%- set cut = {'year': '%Y-01-01', 'month': '%Y-%m-01', 'day': '%Y-%m-%d', 'hour': '%Y-%m-%d %H:00:00',
               'minute': '%Y-%m-%d %H:%i:00', 'second': '%Y-%m-%d %H:%i:%s'} -%}
{%- if part in cut -%}
    cast(date_format({{ of }}, '{{ cut[part] }}') as datetime)
{%- elif part == 'quarter' -%}
    cast(makedate(year({{ of }}), 1) + interval (quarter({{ of }}) - 1) quarter as datetime)
{%- elif part == 'week' -%}
    cast(date({{ of }}) - interval weekday({{ of }}) day as datetime)
{%- else -%}
    {{ exceptions.raise_compiler_error("date_trunc() knows no datepart '" ~ datepart ~ "'") }}
{%- endif -%}
{%- endmacro -%}

{%- macro last_day(date, datepart) -%}
    {{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }}
{%- endmacro -%}
{%- macro default__last_day(date, datepart) -%}
cast({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }} as date)
{%- endmacro -%}

{%- macro date(year, month, day) -%}
    {{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }}
{%- endmacro -%}
{%- macro mysql__date(year, month, day) -%}
cast('{{ '%04d-%02d-%02d' | format(year, month, day) }}' as date)
{%- endmacro -%}

{%- macro cast(field, type) -%}
    {{ return(adapter.dispatch('cast', 'dbt')(field, type)) }}
{%- endmacro -%}
{%- macro default__cast(field, type) -%}
cast({{ field }} as {{ type }})
{%- endmacro -%}

{%- macro safe_cast(field, type) -%}
    {{ return(adapter.dispatch('safe_cast', 'dbt')(field, type)) }}
{%- endmacro -%}
{%- macro default__safe_cast(field, type) -%}
cast({{ field }} as {{ type }})
{%- endmacro -%}

{%- macro cast_bool_to_text(field) -%}
    {{ return(adapter.dispatch('cast_bool_to_text', 'dbt')(field)) }}
{%- endmacro -%}
{%- macro mysql__cast_bool_to_text(field) -%}
case when ({{ field }}) is null then null when ({{ field }}) then 'true' else 'false' end
{%- endmacro -%}

{%- macro split_part(string_text, delimiter_text, part_number) -%}
    {{ return(adapter.dispatch('split_part', 'dbt')(string_text, delimiter_text, part_number)) }}
{%- endmacro -%}
{%- macro mysql__split_part(string_text, delimiter_text, part_number) -%}
{%- set parts = '((char_length(' ~ string_text ~ ') - char_length(replace(' ~ string_text ~ ', ' ~ delimiter_text
                ~ ", ''))) / char_length(" ~ delimiter_text ~ ') + 1)' -%}
{%- if part_number > 0 -%}
    case when {{ parts }} < {{ part_number }} then '' else
        substring_index(substring_index({{ string_text }}, {{ delimiter_text }}, {{ part_number }}), {{ delimiter_text }}, -1) end
{%- elif part_number < 0 -%}
    case when {{ parts }} < {{ -part_number }} then '' else
        substring_index(substring_index({{ string_text }}, {{ delimiter_text }}, {{ part_number }}), {{ delimiter_text }}, 1) end
{%- else -%}
    {{ exceptions.raise_compiler_error('split_part() counts from 1, or from -1 at the end') }}
{%- endif -%}
{%- endmacro -%}

{%- macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
    {{ return(adapter.dispatch('listagg', 'dbt')(measure, delimiter_text, order_by_clause, limit_num)) }}
{%- endmacro -%}
{%- macro mysql__listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
{%- set all = 'group_concat(' ~ measure ~ (' ' ~ order_by_clause if order_by_clause else '') ~ ' separator ' ~ delimiter_text ~ ')' -%}
{%- if limit_num -%}
    substring_index({{ all }}, {{ delimiter_text }}, {{ limit_num }})
{%- else -%}
    {{ all }}
{%- endif -%}
{%- endmacro -%}

{%- macro except() -%}
    {{ return(adapter.dispatch('except', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__except() -%}
except
{%- endmacro -%}

{%- macro intersect() -%}
    {{ return(adapter.dispatch('intersect', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__intersect() -%}
intersect
{%- endmacro -%}

{%- macro any_value(expression) -%}
    {{ return(adapter.dispatch('any_value', 'dbt')(expression)) }}
{%- endmacro -%}
{%- macro mysql__any_value(expression) -%}
min({{ expression }})
{%- endmacro -%}

{%- macro bool_or(expression) -%}
    {{ return(adapter.dispatch('bool_or', 'dbt')(expression)) }}
{%- endmacro -%}
{%- macro mysql__bool_or(expression) -%}
max({{ expression }})
{%- endmacro -%}

{%- macro right(string_text, length_expression) -%}
    {{ return(adapter.dispatch('right', 'dbt')(string_text, length_expression)) }}
{%- endmacro -%}
{%- macro default__right(string_text, length_expression) -%}
right({{ string_text }}, {{ length_expression }})
{%- endmacro -%}

{%- macro replace(field, old_chars, new_chars) -%}
    {{ return(adapter.dispatch('replace', 'dbt')(field, old_chars, new_chars)) }}
{%- endmacro -%}
{%- macro default__replace(field, old_chars, new_chars) -%}
replace({{ field }}, {{ old_chars }}, {{ new_chars }})
{%- endmacro -%}

{%- macro position(substring_text, string_text) -%}
    {{ return(adapter.dispatch('position', 'dbt')(substring_text, string_text)) }}
{%- endmacro -%}
{%- macro default__position(substring_text, string_text) -%}
position({{ substring_text }} in {{ string_text }})
{%- endmacro -%}

{%- macro escape_single_quotes(expression) -%}
    {{ return(adapter.dispatch('escape_single_quotes', 'dbt')(expression)) }}
{%- endmacro -%}
{%- macro default__escape_single_quotes(expression) -%}
{{ expression | replace("'", "''") }}
{%- endmacro -%}

{%- macro get_intervals_between(start_date, end_date, datepart) -%}
    {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro -%}
{%- macro default__get_intervals_between(start_date, end_date, datepart) -%}
    {%- if not execute -%}{{ return(1) }}{%- endif -%}
    {{ return(run_query('select ' ~ datediff(start_date, end_date, datepart)).columns[0].values()[0] | int) }}
{%- endmacro -%}

{%- macro generate_series(upper_bound) -%}
    {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }}
{%- endmacro -%}
{%- macro default__generate_series(upper_bound) -%}
{%- set doubled = namespace(powers=[1]) -%}
{%- for power in range(1, 32) if 2 ** power < upper_bound -%}
    {%- do doubled.powers.append(2 ** power) -%}
{%- endfor -%}
select generated_number from (
    select 1
    {%- for power in doubled.powers %} + p{{ loop.index0 }}.digit * {{ power }}{% endfor %} as generated_number
    from
    {%- for power in doubled.powers %} (select 0 as digit union all select 1) as p{{ loop.index0 }}
    {%- if not loop.last %} cross join{% endif %}{% endfor %}
) as numbers
where generated_number <= {{ upper_bound }}
{%- endmacro -%}

{%- macro date_spine(datepart, start_date, end_date) -%}
    {{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro -%}
{%- macro default__date_spine(datepart, start_date, end_date) -%}
with rawdata as (
    {{ generate_series(get_intervals_between(start_date, end_date, datepart)) }}
),
all_periods as (
    select {{ dateadd(datepart, 'generated_number - 1', start_date) }} as date_{{ datepart }}
    from rawdata
)
select *
from all_periods
where date_{{ datepart }} <= {{ end_date }}
{%- endmacro -%}
)jinja";

}  // namespace pipeline::dbt
