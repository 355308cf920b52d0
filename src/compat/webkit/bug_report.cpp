#include "bug_report.hpp"

#include "path.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kMostRows = 12;  // more do not fit into an address that browsers and servers take

std::string component_of(const Bugzilla& tracker, const BugReport& report) {
  if (const auto known = tracker.of_suites.find(report.suite); known != tracker.of_suites.end()) {
    return known->second;
  }
  std::string component = tracker.component;
  for (std::size_t from = 0, slash = 0; (slash = report.test.find('/', from)) != std::string::npos;
       from = slash + 1) {
    const auto known = tracker.of_folders.find(report.test.substr(from, slash - from));
    if (known != tracker.of_folders.end()) component = known->second;
  }
  return component;
}

std::string title_of(const BugReport& report) {
  std::string title = report.test.empty() ? report.suite : report.test;
  std::string_view before = ": ";
  for (std::size_t i = 0; i < report.failing.size() && i < kMostRows; ++i) {
    const PlatformConfiguration& configuration = report.failing[i].configuration;
    title.append(before).append(report.failing[i].failure()->failure).append(" on ");
    title += configuration.version_name.value_or(version_text(configuration.version.value_or(0)));
    if (configuration.model) title += "(" + *configuration.model + ")";
    before = " and ";
  }
  return title;
}

Result<std::string> describe(const SelectedRow& row, const CommitsAt& commits_at) {
  std::string text;
  const auto line = [&](const char* name, const std::optional<std::string>& value) {
    if (value) text.append(name).append(": ").append(*value).append("\n");
  };
  const PlatformConfiguration& of = row.configuration;
  line("Hardware", of.model);
  line("Architecture", of.architecture);
  if (of.platform || of.version) {
    line("OS", of.platform.value_or("") + " " +
                   of.version_name.value_or(version_text(of.version.value_or(0))) +
                   (of.is_simulator.value_or(false) ? " Simulator" : ""));
  }
  line("Style", of.style);
  line("Flavor", of.flavor);
  line("SDK", of.sdk);
  const SelectedRun& failure = *row.failure();
  RESULTSDB_ASSIGN(const std::string broken, commits_at(failure.uuid));
  text += "Most recent failure (" + failure.failure + "):\n" + broken;
  const SelectedRun* const success = row.success();
  if (success == nullptr) return text + "No success before it was selected.\n";
  RESULTSDB_ASSIGN(const std::string good, commits_at(success->uuid));
  return text + "Last success:\n" + good;
}

}  // namespace

const SelectedRun* SelectedRow::failure() const {
  const SelectedRun* newest = nullptr;
  for (const SelectedRun& run : runs) {
    if (!run.failure.empty() && (newest == nullptr || run.uuid > newest->uuid)) newest = &run;
  }
  return newest;
}

const SelectedRun* SelectedRow::success() const {
  const SelectedRun* const broken = failure();
  const SelectedRun* newest = nullptr;
  for (const SelectedRun& run : runs) {
    if (!run.failure.empty() || (broken != nullptr && run.uuid >= broken->uuid)) continue;
    if (newest == nullptr || run.uuid > newest->uuid) newest = &run;
  }
  return newest;
}

Result<std::string> bug_form(const Bugzilla& tracker, const BugReport& report, const CommitsAt& commits_at) {
  std::string comment = (report.test.empty() ? "" : report.test + " of ") + report.suite + "\n";
  for (std::size_t i = 0; i < report.failing.size() && i < kMostRows; ++i) {
    RESULTSDB_ASSIGN(const std::string text, describe(report.failing[i], commits_at));
    comment += "\n" + text;
  }
  if (report.failing.size() > kMostRows) {
    comment += "\n" + std::to_string(report.failing.size() - kMostRows) + " more configurations fail.\n";
  }
  return tracker.form + "?product=" + percent_encode(tracker.product) +
         "&component=" + percent_encode(component_of(tracker, report)) +
         "&version=" + percent_encode(tracker.version) + "&short_desc=" + percent_encode(title_of(report)) +
         "&comment=" + percent_encode(comment);
}

Bugzilla webkit_bugzilla() {
  return {.name = "bugzilla",
          .form = "https://bugs.webkit.org/enter_bug.cgi",
          .product = "WebKit",
          .version = "WebKit Nightly Build",
          .component = "New Bugs",
          .of_suites = {{"api-tests", "WebKit API"},
                        {"webkitpy-tests", "Tools / Tests"},
                        {"internal-media-tests", "Media"},
                        {"javascriptcore-tests", "JavaScriptCore"}},
          .of_folders = {{"accessibility", "Accessibility"},
                         {"animations", "Animations"},
                         {"canvas", "Canvas"},
                         {"compositing", "Compositing"},
                         {"css", "CSS"},
                         {"dom", "DOM"},
                         {"editing", "HTML Editing"},
                         {"forms", "Forms"},
                         {"images", "Images"},
                         {"inspector", "Web Inspector"},
                         {"js", "JavaScriptCore"},
                         {"mathml", "MathML"},
                         {"media", "Media"},
                         {"pdf", "PDF"},
                         {"printing", "Printing"},
                         {"scrolling", "Scrolling"},
                         {"service-workers", "Service Workers"},
                         {"storage", "Website Storage"},
                         {"svg", "SVG"},
                         {"tables", "Tables"},
                         {"text", "Text"},
                         {"webaudio", "Web Audio"},
                         {"webgl", "WebGL"},
                         {"webrtc", "WebRTC"},
                         {"xml", "XML"}}};
}

}  // namespace resultsdb::webkit
