#include "stages/transform/compile/builtin_macros.h"

namespace pipeline::dbt {

// Behaviour as documented for dbt 1.7: docs.getdbt.com/docs/build/custom-schemas, custom-aliases,
// and reference/resource-properties/data-tests.
const std::string_view builtin_macros_text = R"jinja(
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro -%}

{%- macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%}
        {{ custom_alias_name | trim }}
    {%- else -%}
        {{ node.name }}
    {%- endif -%}
{%- endmacro -%}

{%- macro generate_database_name(custom_database_name=none, node=none) -%}
{%- endmacro -%}

{%- test not_null(model, column_name) -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null
{%- endtest -%}

{%- test unique(model, column_name) -%}
select
    {{ column_name }} as unique_field,
    count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{%- endtest -%}

{%- test accepted_values(model, column_name, values, quote=true) -%}
with all_values as (
    select
        {{ column_name }} as value_field,
        count(*) as n_records
    from {{ model }}
    group by {{ column_name }}
)
select *
from all_values
where value_field not in (
{%- for value in values -%}
    {%- if quote -%}
    '{{ value }}'
    {%- else -%}
    {{ value }}
    {%- endif -%}
    {%- if not loop.last -%}, {% endif -%}
{%- endfor -%}
)
{%- endtest -%}

{%- test relationships(model, column_name, to, field) -%}
with child as (
    select {{ column_name }} as from_field
    from {{ model }}
    where {{ column_name }} is not null
),
parent as (
    select {{ field }} as to_field
    from {{ to }}
)
select from_field
from child
left join parent on child.from_field = parent.to_field
where parent.to_field is null
{%- endtest -%}

{%- macro make_hook_config(sql, inside_transaction) -%}
    {{ tojson({'sql': sql, 'transaction': inside_transaction}) }}
{%- endmacro -%}
{%- macro before_begin(sql) -%}{{ make_hook_config(sql, false) }}{%- endmacro -%}
{%- macro in_transaction(sql) -%}{{ make_hook_config(sql, true) }}{%- endmacro -%}
{%- macro after_commit(sql) -%}{{ make_hook_config(sql, false) }}{%- endmacro -%}

{%- macro type_string() -%}char{%- endmacro -%}
{%- macro type_int() -%}signed{%- endmacro -%}
{%- macro type_bigint() -%}signed{%- endmacro -%}
{%- macro type_float() -%}double{%- endmacro -%}
{%- macro type_numeric() -%}decimal(28,6){%- endmacro -%}
{%- macro type_timestamp() -%}datetime{%- endmacro -%}
{%- macro current_timestamp() -%}current_timestamp(){%- endmacro -%}
{%- macro concat(fields) -%}concat({{ fields | join(', ') }}){%- endmacro -%}
{%- macro hash(field) -%}md5(cast({{ field }} as char)){%- endmacro -%}
{%- macro string_literal(value) -%}'{{ value }}'{%- endmacro -%}
{%- macro length(expression) -%}char_length({{ expression }}){%- endmacro -%}
)jinja";

}  // namespace pipeline::dbt
