#include "orchestrator/asl/definition_fields.h"

#include <initializer_list>

namespace pipeline::asl {
namespace {

using Names = std::vector<std::string_view>;

/// The fields that every state may have, then those of its type.
Names state_fields(std::initializer_list<std::string_view> own) {
  Names names{"Type", "Comment", "QueryLanguage"};
  names.insert(names.end(), own);
  return names;
}

// JSONata and variables are the service's second query language; its fields are refused by name.
const Names other_language{"Arguments", "Output", "Assign"};

}  // namespace

const Fields machine_fields{
    .what = "a state machine",
    .known = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"},
    .not_yet = {}};
const Fields branch_fields{
    .what = "a branch", .known = {"Comment", "StartAt", "States"}, .not_yet = {"QueryLanguage"}};
const Fields processor_fields{.what = "an ItemProcessor",
                              .known = {"Comment", "StartAt", "States", "ProcessorConfig"},
                              .not_yet = {"QueryLanguage"}};
const Fields processor_config_fields{
    .what = "a ProcessorConfig", .known = {"Mode"}, .not_yet = {"ExecutionType"}};
const Fields task_fields{
    .what = "a Task state",
    .known = state_fields({"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
                           "HeartbeatSecondsPath", "Retry", "Catch", "InputPath", "Parameters",
                           "ResultSelector", "ResultPath", "OutputPath", "Next", "End"}),
    .not_yet = {"Credentials", "Arguments", "Output", "Assign"}};
const Fields pass_fields{.what = "a Pass state",
                         .known = state_fields({"Result", "InputPath", "Parameters", "ResultPath",
                                                "OutputPath", "Next", "End"}),
                         .not_yet = other_language};
const Fields choice_fields{.what = "a Choice state",
                           .known = state_fields({"Choices", "Default", "InputPath", "OutputPath"}),
                           .not_yet = other_language};
const Fields wait_fields{
    .what = "a Wait state",
    .known = state_fields({"Seconds", "SecondsPath", "Timestamp", "TimestampPath", "InputPath",
                           "OutputPath", "Next", "End"}),
    .not_yet = other_language};
const Fields parallel_fields{
    .what = "a Parallel state",
    .known = state_fields({"Branches", "Retry", "Catch", "InputPath", "Parameters",
                           "ResultSelector", "ResultPath", "OutputPath", "Next", "End"}),
    .not_yet = other_language};
const Fields map_fields{
    .what = "a Map state",
    .known = state_fields({"ItemsPath", "ItemSelector", "Parameters", "ItemProcessor", "Iterator",
                           "MaxConcurrency", "MaxConcurrencyPath", "Retry", "Catch", "InputPath",
                           "ResultSelector", "ResultPath", "OutputPath", "Next", "End"}),
    .not_yet = {"ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount",
                "ToleratedFailureCountPath", "ToleratedFailurePercentage",
                "ToleratedFailurePercentagePath", "Label", "Items", "Output", "Assign"}};
const Fields succeed_fields{.what = "a Succeed state",
                            .known = state_fields({"InputPath", "OutputPath"}),
                            .not_yet = {"Output"}};
const Fields fail_fields{.what = "a Fail state",
                         .known = state_fields({"Error", "Cause", "ErrorPath", "CausePath"}),
                         .not_yet = {}};
const Fields retrier_fields{.what = "a retrier",
                            .known = {"Comment", "ErrorEquals", "IntervalSeconds", "MaxAttempts",
                                      "BackoffRate", "MaxDelaySeconds", "JitterStrategy"},
                            .not_yet = {}};
const Fields catcher_fields{.what = "a catcher",
                            .known = {"Comment", "ErrorEquals", "Next", "ResultPath"},
                            .not_yet = {"Output", "Assign"}};

const std::vector<std::string_view> types{"Task",     "Pass", "Choice",  "Wait",
                                          "Parallel", "Map",  "Succeed", "Fail"};

}  // namespace pipeline::asl
