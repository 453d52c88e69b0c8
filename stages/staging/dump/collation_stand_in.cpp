#include "stages/staging/dump/collation_stand_in.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"

namespace pipeline::dump {
namespace {

constexpr unsigned first_mariadb_with_uca1400 = 101001;

struct Language {
  std::string_view
      mysql;  // MySQL manual, "Unicode Character Sets": a part of utf8mb4_da_0900_ai_ci
  std::string_view mariadb;  // of utf8mb4_uca1400_danish_nopad_ai_ci; empty: the root's order
};

// Norwegian sorts as Danish; Bosnian, Croatian and Serbian in Latin letters alike. MariaDB has no
// order of its own for Bulgarian, Japanese, Mongolian, Russian and Chinese.
constexpr std::array languages{
    Language{"", ""},
    Language{"bg", ""},
    Language{"bs", "croatian"},
    Language{"cs", "czech"},
    Language{"da", "danish"},
    Language{"de_pb", "german2"},
    Language{"eo", "esperanto"},
    Language{"es", "spanish"},
    Language{"es_trad", "spanish2"},
    Language{"et", "estonian"},
    Language{"gl", "spanish"},
    Language{"hr", "croatian"},
    Language{"hu", "hungarian"},
    Language{"is", "icelandic"},
    Language{"ja", ""},
    Language{"la", "roman"},
    Language{"lt", "lithuanian"},
    Language{"lv", "latvian"},
    Language{"mn_cyrl", ""},
    Language{"nb", "danish"},
    Language{"nn", "danish"},
    Language{"pl", "polish"},
    Language{"ro", "romanian"},
    Language{"ru", ""},
    Language{"sk", "slovak"},
    Language{"sl", "slovenian"},
    Language{"sr_latn", "croatian"},
    Language{"sv", "swedish"},
    Language{"tr", "turkish"},
    Language{"vi", "vietnamese"},
    Language{"zh", ""},
};

struct Strength {
  std::string_view mysql;
  std::string_view mariadb;
};

constexpr std::array strengths{
    Strength{"ai_ci", "ai_ci"}, Strength{"as_ci", "as_ci"}, Strength{"as_cs", "as_cs"},
    Strength{"as_cs_ks", "as_cs"},  // tells Hiragana from Katakana, as as_cs of MariaDB does
};

}  // namespace

std::optional<std::string> collation_stand_in(std::string_view collation, Dialect dialect) {
  if (dialect.family != Dialect::Family::mariadb || dialect.version < first_mariadb_with_uca1400) {
    return {};
  }
  constexpr std::string_view charset = "utf8mb4_";
  constexpr std::string_view weights = "0900_";
  const std::string name = to_lower(collation);
  const auto at = name.find(weights);
  if (!name.starts_with(charset) || at == std::string::npos || at < charset.size()) return {};
  std::string_view language = std::string_view(name).substr(charset.size(), at - charset.size());
  const std::string_view strength = std::string_view(name).substr(at + weights.size());
  if (language.empty() && strength == "bin") return "utf8mb4_nopad_bin";
  if (!language.empty() && !language.ends_with('_')) return {};
  if (!language.empty()) language.remove_suffix(1);
  const auto known = std::ranges::find(languages, language, &Language::mysql);
  const auto found = std::ranges::find(strengths, strength, &Strength::mysql);
  if (known == languages.end() || found == strengths.end()) return {};
  std::string stand_in = "utf8mb4_uca1400_";
  if (!known->mariadb.empty()) stand_in += std::string(known->mariadb) + "_";
  return stand_in + "nopad_" + std::string(found->mariadb);
}

}  // namespace pipeline::dump
