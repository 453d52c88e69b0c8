{# What the source writes where it means nothing becomes NULL. Used by the stg_ views only. #}

{# Letter by letter: the columns' own collation takes the family name Null for 'NULL' too. No chain
   of nullif(), since each one computes its first argument twice. #}
{% macro text_or_null(column, nothing=['', '--', 'NULL', 'null']) -%}
    if(convert(trim({{ column }}) using utf8mb4) collate utf8mb4_bin in ('{{ nothing | join("', '") }}'), null, trim({{ column }}))
{%- endmacro %}

{# Names are masked by a star. #}
{% macro name_or_null(column) -%}
    {{ text_or_null(column, ['', '--', 'NULL', 'null', '*']) }}
{%- endmacro %}

{# Zero dates are compared with the first usable day: MySQL 8 refuses '0000-00-00' as a literal. #}
{% macro date_or_null(column) -%}
    if({{ column }} < '1000-01-01', null, {{ column }})
{%- endmacro %}

{# A code that is stored as text. A cast of any other text is an error in strict mode. #}
{% macro code_in_text(column) -%}
    if(trim({{ column }}) regexp '^[0-9]{1,9}$', cast(trim({{ column }}) as unsigned), null)
{%- endmacro %}

{# True inside the mainland of Tokyo, from Okutama to Edogawa; NULL if a coordinate is NULL. #}
{% macro inside_tokyo(latitude, longitude) -%}
    ({{ latitude }} between 35.50 and 35.90 and {{ longitude }} between 138.94 and 139.92)
{%- endmacro %}
