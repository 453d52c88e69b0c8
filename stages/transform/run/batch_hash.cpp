// A run that finds its increment in the ledger adds nothing, so the hash must see every change of
// what would be executed, and must see nothing else: a run that died behind its COMMIT is finished
// by another one, which has to know the increment again.
//
// So the templates are rendered, as dbt would print them: live names, no matter which part of the
// layer is built; an invocation that stands for all. What a template asks the server is the one
// thing that cannot be in it: the answer may be another one as soon as the increment is applied. A
// node that asks is known by its text and by all macros and vars of the project instead. A change
// of any of them then makes another increment, which is refused for a day that the table holds:
// too much, where the other way round would be a day that silently stays as it was.
#include "stages/transform/run/batch_hash.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/text.h"

namespace pipeline::dbt {
namespace {

/// Answers nothing, and remembers that it was asked.
class Unanswered : public WarehouseQueries {
 public:
  bool asked() const { return asked_; }

  std::optional<RelationKind> find(const Relation& /*relation*/) override { refuse(); }
  std::vector<ColumnInfo> columns(const Relation& /*relation*/) override { refuse(); }
  QueryResult run_query(const std::string& /*sql*/) override { refuse(); }

 private:
  [[noreturn]] void refuse() {
    asked_ = true;
    throw Error(ErrorKind::config_invalid, "the server is not asked for the hash of an increment");
  }

  bool asked_ = false;
};

Json hooks_json(const Compiler& compiler, const Node& node, Compiler::HookPoint point,
                const CompileRequest& request) {
  Json list = Json::array();
  for (const auto& hook : compiler.compile_hooks(node, point, request)) list.push_back(hook.sql);
  return list;
}

Json rendered(const Compiler& compiler, const Node& node, const CompileRequest& request) {
  const Json sql = node.type == ResourceType::model ? Json(compiler.compile(node, request).sql)
                                                    : Json(node.sha256);
  return Json::Array{hooks_json(compiler, node, Compiler::HookPoint::pre, request), sql,
                     hooks_json(compiler, node, Compiler::HookPoint::post, request)};
}

/// Of a node whose templates ask the server.
Json written(const Compiler& compiler, const Node& node) {
  Json macros = Json::array();
  for (const auto& macro : compiler.macros()) macros.push_back(macro.text);
  return Json::Array{Json(node.raw_code), Json(node.sha256), std::move(macros),
                     compiler.project().vars};
}

Json rendered_or_written(const Compiler& compiler, const Node& node) {
  RunState run;
  run.with_base.insert(node.unique_id);
  Unanswered warehouse;
  try {
    return rendered(compiler, node,
                    {.naming = Naming::live,
                     .run = &run,
                     .warehouse = &warehouse,
                     .invocation = CompileRequest::Invocation::any});
  } catch (const Error&) {
    if (!warehouse.asked()) throw;
  }
  return written(compiler, node);
}

}  // namespace

std::string batch_hash(const Compiler& compiler, const LayerPlanOptions& options,
                       const Node& node) {
  const auto above = compiler.graph().ancestors(node.unique_id);
  auto parts = nodes_of_layer(compiler.graph(), options, options.layer);
  std::erase_if(parts, [&](const Node* part) {
    return part != &node && std::ranges::find(above, part->unique_id) == above.end();
  });
  // A node that has nothing to do with these may change the order of the layer.
  std::ranges::sort(parts, {}, &Node::unique_id);
  Json known_by = Json::array();
  for (const Node* part : parts) {
    known_by.push_back(
        Json::Array{Json(part->unique_id), part->config.raw, rendered_or_written(compiler, *part)});
  }
  return sha256_hex(known_by.dump());
}

}  // namespace pipeline::dbt
