{# The band in which a number lies, as text: with limits [20, 25] one of '0-19', '20-24', '25-'. NULL
   for NULL and for a number below zero. -#}
{% macro band(value, limits) -%}
    case
        when {{ value }} is null or {{ value }} < 0 then null
        when {{ value }} < {{ limits[0] }} then '0-{{ limits[0] - 1 }}'
        {%- for limit in limits[1:] %}
        when {{ value }} < {{ limit }} then '{{ limits[loop.index0] }}-{{ limit - 1 }}'
        {%- endfor %}
        else '{{ limits[-1] }}-'
    end
{%- endmacro %}
