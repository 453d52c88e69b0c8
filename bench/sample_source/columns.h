// The words in which the tables of the sample source are described: one function a kind of column.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "bench/sample_source/table_spec.h"

namespace pipeline::source {

// Ids and references

Column id();
Column big_id();
/// The tenant (moving, room, apartment) that the row is about.
Column tenant_id();
Column moving_id();
Column room_id();
Column apartment_id();
/// Any row of a table.
Column refers(std::string_view name, std::string_view table);
/// The row of a table at the same relative place: the parent of the row.
Column follows(std::string_view name, std::string_view table);

// Told by the story of the table, or computed by the server

Column told(std::string_view name, std::string type);
Column computed(std::string_view name, std::string_view expression, Computed::Storage storage);

// Numbers

/// A tinyint from 1 to `last`.
Column code(std::string_view name, int last);
/// tinyint(1) NOT NULL DEFAULT '0'.
Column yes_no(std::string_view name, unsigned ones_permille);
Column whole(std::string_view name, std::int64_t low, std::int64_t high);
/// An int of whole hundreds of yen.
Column yen(std::string_view name, std::int64_t low, std::int64_t high);
/// A decimal(12,2) of whole hundreds of yen, given in yen.
Column amount(std::string_view name, std::int64_t low, std::int64_t high);
Column monthly_rent(std::string_view name);
Column large(std::string_view name, std::int64_t low, std::int64_t high);
/// A decimal(5,2), given in hundredths.
Column rate(std::string_view name, std::int64_t low, std::int64_t high);
/// A decimal(`digits`,`decimals`), given in units of the last place.
Column measure(std::string_view name, int digits, int decimals, std::int64_t low,
               std::int64_t high);
Column real(std::string_view name, std::int64_t low, std::int64_t high);
/// int NOT NULL DEFAULT '0' that grows with updates.
Column lock_version();

// Days and times; `from` and `to` in days after the row

Column on(std::string_view name, int from, int to);
/// A day that may still lie ahead.
Column due(std::string_view name, int from, int to);
Column at(std::string_view name, int from, int to);
Column stamped(std::string_view name, int from, int to);
Column time_of_day(std::string_view name);
Column year(std::string_view name);
Column month(std::string_view name);
Column created_at();
Column updated_at();

// Texts

/// varchar(32), unique.
Column serial(std::string_view name, std::string_view prefix);
Column digits(std::string_view name, std::string_view prefix, int count);
Column hex(std::string_view name, int digits);
/// A varchar(60) of one of the words, which must live as long as the program.
Column word(std::string_view name, Words words);
/// An enum of all the words.
Column choice(std::string_view name, Words words);
Column numbered(std::string_view name, std::string_view stem, std::int64_t count);
Column person(std::string_view name);
Column company(std::string_view name);
Column tel(std::string_view name);
Column mail(std::string_view name);
Column url(std::string_view name);
/// A varchar(255) of so many phrases.
Column phrase(std::string_view name, int low, int high);
/// The same as text.
Column memo(std::string_view name, int low, int high);
/// A json object of so many entries.
Column document(std::string_view name, int low, int high);
/// The same in a longtext, as an answer of another system is kept.
Column letter(std::string_view name, int low, int high);

}  // namespace pipeline::source
