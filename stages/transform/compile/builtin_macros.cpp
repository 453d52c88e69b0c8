#include "stages/transform/compile/builtin_macros.h"

namespace pipeline::dbt {

// Behaviour as documented for dbt 1.7: docs.getdbt.com/docs/build/custom-schemas, custom-aliases,
// and reference/resource-properties/data-tests.
// Those that dbt dispatches are dispatched here, so that a project's default__ or mysql__ macro
// counts, and can be called by that name.
const std::string_view builtin_macros_text = R"jinja(
{%- macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {{ return(adapter.dispatch('generate_schema_name', 'dbt')(custom_schema_name, node)) }}
{%- endmacro -%}

{%- macro default__generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro -%}

{%- macro generate_schema_name_for_env(custom_schema_name, node) -%}
    {%- if target.name == 'prod' and custom_schema_name is not none -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}
    {%- endif -%}
{%- endmacro -%}

{%- macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ return(adapter.dispatch('generate_alias_name', 'dbt')(custom_alias_name, node)) }}
{%- endmacro -%}

{%- macro default__generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name -%}
        {{ custom_alias_name | trim }}
    {%- else -%}
        {{ node.name }}
    {%- endif -%}
{%- endmacro -%}

{%- macro generate_database_name(custom_database_name=none, node=none) -%}
    {{ return(adapter.dispatch('generate_database_name', 'dbt')(custom_database_name, node)) }}
{%- endmacro -%}

{%- macro default__generate_database_name(custom_database_name=none, node=none) -%}
{%- endmacro -%}

{%- macro get_where_subquery(relation) -%}
    {{ return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) }}
{%- endmacro -%}

{%- macro default__get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro -%}

{%- test not_null(model, column_name) -%}
    {{ adapter.dispatch('test_not_null', 'dbt')(model, column_name) }}
{%- endtest -%}

{%- macro default__test_not_null(model, column_name) -%}
select {{ column_name }}
from {{ model }}
where {{ column_name }} is null
{%- endmacro -%}

{%- test unique(model, column_name) -%}
    {{ adapter.dispatch('test_unique', 'dbt')(model, column_name) }}
{%- endtest -%}

{%- macro default__test_unique(model, column_name) -%}
select
    {{ column_name }} as unique_field,
    count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{%- endmacro -%}

{%- test accepted_values(model, column_name, values, quote=true) -%}
    {{ adapter.dispatch('test_accepted_values', 'dbt')(model, column_name, values, quote) }}
{%- endtest -%}

{%- macro default__test_accepted_values(model, column_name, values, quote=true) -%}
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
{%- endmacro -%}

{%- test relationships(model, column_name, to, field) -%}
    {{ adapter.dispatch('test_relationships', 'dbt')(model, column_name, to, field) }}
{%- endtest -%}

{%- macro default__test_relationships(model, column_name, to, field) -%}
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
{%- endmacro -%}

{%- macro make_hook_config(sql, inside_transaction) -%}
    {{ tojson({'sql': sql, 'transaction': inside_transaction}) }}
{%- endmacro -%}
{%- macro before_begin(sql) -%}{{ make_hook_config(sql, false) }}{%- endmacro -%}
{%- macro in_transaction(sql) -%}{{ make_hook_config(sql, true) }}{%- endmacro -%}
{%- macro after_commit(sql) -%}{{ make_hook_config(sql, false) }}{%- endmacro -%}

{%- macro type_string() -%}
    {{ return(adapter.dispatch('type_string', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_string() -%}char{%- endmacro -%}
{%- macro type_int() -%}
    {{ return(adapter.dispatch('type_int', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_int() -%}signed{%- endmacro -%}
{%- macro type_bigint() -%}
    {{ return(adapter.dispatch('type_bigint', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_bigint() -%}signed{%- endmacro -%}
{%- macro type_float() -%}
    {{ return(adapter.dispatch('type_float', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_float() -%}double{%- endmacro -%}
{%- macro type_numeric() -%}
    {{ return(adapter.dispatch('type_numeric', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_numeric() -%}decimal(28,6){%- endmacro -%}
{%- macro type_timestamp() -%}
    {{ return(adapter.dispatch('type_timestamp', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__type_timestamp() -%}datetime{%- endmacro -%}
{%- macro current_timestamp() -%}
    {{ return(adapter.dispatch('current_timestamp', 'dbt')()) }}
{%- endmacro -%}
{%- macro default__current_timestamp() -%}current_timestamp(){%- endmacro -%}
{%- macro concat(fields) -%}
    {{ return(adapter.dispatch('concat', 'dbt')(fields)) }}
{%- endmacro -%}
{%- macro default__concat(fields) -%}concat({{ fields | join(', ') }}){%- endmacro -%}
{%- macro hash(field) -%}
    {{ return(adapter.dispatch('hash', 'dbt')(field)) }}
{%- endmacro -%}
{%- macro default__hash(field) -%}md5(cast({{ field }} as char)){%- endmacro -%}
{%- macro string_literal(value) -%}
    {{ return(adapter.dispatch('string_literal', 'dbt')(value)) }}
{%- endmacro -%}
{%- macro default__string_literal(value) -%}'{{ value }}'{%- endmacro -%}
{%- macro length(expression) -%}
    {{ return(adapter.dispatch('length', 'dbt')(expression)) }}
{%- endmacro -%}
{%- macro default__length(expression) -%}char_length({{ expression }}){%- endmacro -%}
)jinja";

}  // namespace pipeline::dbt
