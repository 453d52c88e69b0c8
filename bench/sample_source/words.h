// The words of which the texts of the sample source are made; all of them speak of samples.
#pragma once

#include <array>
#include <string_view>

namespace pipeline::source {

inline constexpr std::array<std::string_view, 8> sample_last_names{"見本", "例示", "試験", "仮名",
                                                                   "架空", "模擬", "匿名", "合成"};
inline constexpr std::array<std::string_view, 8> sample_last_names_kana{
    "ミホン", "レイジ", "シケン", "カメイ", "カクウ", "モギ", "トクメイ", "ゴウセイ"};

/// What stands where NULL is meant.
inline constexpr std::array<std::string_view, 5> not_a_value{"NULL", "null", "--", "", "NULL"};

inline constexpr std::array<std::string_view, 12> country_names{
    "日本",     "中国",   "韓国",   "台湾", "ベトナム", "アメリカ",
    "フランス", "ドイツ", "インド", "タイ", "ネパール", "ブラジル"};

/// What a parser of dumps trips over: quotes, backslashes, line breaks, tabs, comment signs, the
/// end of a row and of a statement inside a string, and characters outside the basic plane.
inline constexpr std::array<std::string_view, 8> awkward_notes{
    "内見希望。\n連絡は平日18時以降。",
    "It's \"quoted\", isn't it? C:\\temp\\new",
    "列1\t列2\t列3\r\n末尾",
    "鍵渡し済み😀🏠 𠮷日を希望",
    "),('not a row'); DROP TABLE nothing; -- 続き",
    "/*!40000 not a comment */ # -- `x`",
    "\\N",
    "100%_ok \\% \\_ 終わり\\",
};

inline constexpr std::array<std::string_view, 16> phrases{
    "電話で確認しました。",         "書類の到着待ちです。",       "見本の記録です。",
    "担当者へ引き継ぎ済み。",       "振込名義が異なります。",     "翌月分に充当します。",
    "入居者へメール送信済み。",     "再発行の依頼がありました。", "金額を訂正しました。",
    "現地にて状態を確認しました。", "鍵は管理室で保管中です。",   "特記事項はありません。",
    "Confirmed by phone.",          "Sample record only.",        "Waiting for documents.",
    "Handed over to the next team."};

inline constexpr std::array<std::string_view, 10> json_keys{
    "status", "備考", "amount", "reference", "wifi", "項目", "retry", "result", "担当", "checked"};

// Words of single columns.

inline constexpr std::array<std::string_view, 6> relations{"父",     "母",   "兄弟",
                                                           "配偶者", "友人", "その他"};
inline constexpr std::array<std::string_view, 4> structures{"木造", "鉄骨造", "鉄筋コンクリート造",
                                                            "その他"};
inline constexpr std::array<std::string_view, 8> directions{"北", "北東", "東", "南東",
                                                            "南", "南西", "西", "北西"};
inline constexpr std::array<std::string_view, 4> channels{"web", "phone", "mail", "visit"};
inline constexpr std::array<std::string_view, 3> results{"passed", "failed", "pending"};
inline constexpr std::array<std::string_view, 5> progress{"new", "open", "waiting", "done",
                                                          "cancelled"};
inline constexpr std::array<std::string_view, 3> import_sources{"manual", "batch", "api"};
inline constexpr std::array<std::string_view, 4> deposit_kinds{"敷金", "保証金", "デポジット",
                                                               "その他"};
inline constexpr std::array<std::string_view, 6> cost_kinds{"清掃費", "修繕費", "広告費",
                                                            "備品費", "通信費", "その他"};
inline constexpr std::array<std::string_view, 3> utilities{"電気", "ガス", "水道"};
inline constexpr std::array<std::string_view, 6> bank_names{
    "見本銀行", "例示銀行", "試験信用金庫", "架空信用組合", "模擬銀行", "合成銀行"};
inline constexpr std::array<std::string_view, 6> municipality_names{"板橋区", "足立区", "江戸川区",
                                                                    "北区",   "大田区", "世田谷区"};
inline constexpr std::array<std::string_view, 8> changed_columns{
    "status",        "contract_type",  "is_paysle_unpaid", "renewal_priority",
    "is_renewal_ng", "agreement_type", "account_number",   "note"};
inline constexpr std::array<std::string_view, 5> transfer_names{
    "ミホン タロウ", "レイジ ハナコ", "シケン イチロウ", "カ)ミホンショウジ", "SAMPLE TARO"};
inline constexpr std::array<std::string_view, 7> weekdays{"月・木", "火・金", "水・土", "月",
                                                          "火",     "水",     "毎日"};

}  // namespace pipeline::source
