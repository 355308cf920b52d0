// Functions of a stack trace, from the text that debuggers and runtimes print.
#include <algorithm>
#include <array>

#include "resultsdb/aggregate/failure_reason.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::aggregate {
namespace {

constexpr std::size_t kMostBytes = 1 << 20, kMostLineBytes = 4096, kMostFrames = 512;

/// Frames that every crash has, whatever crashed. A name that ends in `*` is the beginning of one.
constexpr std::array kRuntime = std::to_array<std::string_view>({
    "abort",
    "raise",
    "gsignal",
    "__GI_raise",
    "__GI_abort",
    "__pthread_kill*",
    "pthread_kill",
    "__restore_rt",
    "__assert*",
    "_start",
    "start",
    "start_thread",
    "clone",
    "clone3",
    "__clone*",
    "__libc_start*",
    "__libc_message*",
    "__fortify_fail*",
    "__stack_chk_fail*",
    "malloc_printerr",
    "_sigtramp",
    "kill",
    "std::terminate",
    "std::__terminate*",
    "std::__throw*",
    "__cxa_*",
    "__cxxabiv1*",
    "__gnu_cxx::__verbose*",
    "_Unwind*",
    "__asan*",
    "__ubsan*",
    "__tsan*",
    "__msan*",
    "__lsan*",
    "__sanitizer*",
    "__interceptor*",
    "WTFCrash*",
    "WTFReport*",
    "WTF::CrashOnOverflow*",
    "CrashOnOverflow*",
    "base::debug::*",
    "logging::*",
    "base::ImmediateCrash*",
    "rust_begin_unwind",
    "rust_panic*",
    "core::panicking*",
    "std::panicking*",
    "std::sys::backtrace*",
    "std::rt::*",
    "testing::*",
    "java.lang.Thread.*",
    "java.lang.reflect.*",
    "jdk.internal.*",
    "sun.reflect.*",
    "org.junit.*",
    "node:internal*",
    "process.processTicksAndRejections",
});

bool is_runtime(std::string_view name) {
  return std::any_of(kRuntime.begin(), kRuntime.end(), [&](std::string_view frame) {
    return frame.ends_with('*') ? name.starts_with(frame.substr(0, frame.size() - 1)) : name == frame;
  });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text[0])) text.remove_prefix(1);
}
bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  skip_blanks(text);
  return true;
}
/// The text up to the next blank.
std::string_view word(std::string_view text) { return text.substr(0, text.find_first_of(" \t\r")); }

/// What debuggers put behind a name: `at a.cc:3`, `from lib.so`, `+ 16`, `[a.cc : 3 + 0x5]`, `/a.cc:3:1`.
bool ends_name(std::string_view next) {
  const std::string_view first = word(next);
  return first == "at" || first == "from" || first == "in" || first == "+" || first == "const" ||
         first.starts_with('[') || first.starts_with('/') || first.find(":\\") != first.npos ||
         (first.find('.') != first.npos && is_digit(first.back()));
}

/// After the bracket that closes the one at `at`; the end if there is none.
std::size_t after_bracket(std::string_view text, std::size_t at, char open, char close) {
  for (std::size_t depth = 0; at < text.size(); ++at) {
    if (text[at] == open) ++depth;
    // the `>` of an arrow closes nothing
    if (text[at] == close && !(close == '>' && text[at - 1] == '-') && --depth == 0) return at + 1;
  }
  return at;
}

/// Copies the sign of an operator, which looks like brackets, and says where it ends.
std::size_t copy_operator(std::string_view text, std::size_t at, std::string& out) {
  std::size_t end = text.substr(at).starts_with("()") ? at + 2 : at;
  while (end < text.size() && std::string_view("<>=-!+*/%&|^~,[]").find(text[end]) != std::string_view::npos)
    ++end;
  out += text.substr(at, end - at);
  return end;
}

/// The last word: what stands before it is the type that a template function returns.
std::string without_return_type(std::string name) {
  std::size_t blank = name.rfind(' ');
  if (blank != name.npos && std::string_view(name).substr(0, blank).ends_with("operator")) {
    blank = name.rfind(' ', blank - 1);  // `operator new`
  }
  return blank == name.npos ? name : name.substr(blank + 1);
}

/// The name of a C++ or Rust function without return type, parameters and template arguments.
std::string plain_name(std::string_view text) {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  if (text.starts_with("-[") || text.starts_with("+["))
    return std::string(text.substr(0, text.find(']') + 1));
  std::string name;
  for (std::size_t at = 0; at < text.size() && name.size() < kMostLineBytes;) {
    const std::string_view rest = text.substr(at);
    const bool after_operator = name.ends_with("operator");
    if (rest.starts_with(kAnonymous)) {
      name += "{anonymous}";
      at += kAnonymous.size();
    } else if (after_operator && !is_blank(text[at]) && text[at] != ':') {
      const std::size_t end = copy_operator(text, at, name);
      if (end == at) name += text[at];
      at = std::max(end, at + 1);
    } else if (text[at] == '(') {
      break;
    } else if (text[at] == '<') {
      at = after_bracket(text, at, '<', '>');
    } else if (rest.starts_with("{lambda")) {
      name += "{lambda}";
      at = after_bracket(text, at, '{', '}');
    } else if (is_blank(text[at])) {
      if (ends_name(rest.substr(1))) break;
      name += ' ';
      ++at;
    } else {
      name += text[at++];
    }
  }
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return without_return_type(std::move(name));
}

/// One line of a stack: the name in it, and its number (0 begins another stack) if it has one.
struct Frame {
  std::string name;
  bool first = false, python = false;
};

/// `at a.b.C.run(C.java:3)`, `at Foo.bar (a.js:1:2)`; without brackets it is only a place.
Frame called_at(std::string_view line) {
  const std::size_t bracket = line.find('(');
  if (bracket == line.npos) return {};
  std::string_view name = line.substr(0, bracket);
  for (const std::string_view word : {"async ", "new "}) skip(name, word);
  name.remove_prefix(name.find_last_of('/') + 1);  // Java's module
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  return {std::string(name)};
}

/// `#0  0x7f in f (…) at a.cc:3`, `frame #0: 0x7f lib.so`f(…) + 10`, `0   image  0x7f f + 16`,
/// `0  lib.so!f [a.cc : 3]`, `0: f`.
Frame numbered(std::string_view line) {
  const bool marked = skip(line, "frame #") || skip(line, "#");
  std::size_t digits = 0;
  while (digits < line.size() && is_digit(line[digits])) ++digits;
  if (digits == 0 || digits > 6) return {};
  Frame frame{.first = line.find_first_not_of('0') >= digits};
  line.remove_prefix(digits);
  const bool colon = skip(line, ":");
  if (!colon && (line.empty() || !is_blank(line[0]))) return {};
  skip_blanks(line);
  const auto drop_word = [&] { line.remove_prefix(word(line).size()), skip_blanks(line); };
  bool known = marked || colon;
  if (!known) {  // an image and an address (macOS), or image!name (minidump)
    std::string_view rest = line.substr(word(line).size());
    skip_blanks(rest);
    if (rest.starts_with("0x")) line = rest, known = true;
  }
  if (line.starts_with("0x")) drop_word();
  skip(line, "in ");
  const std::size_t module = std::min(line.find('`'), line.find('!'));
  if (module < line.find_first_of(" (<")) line.remove_prefix(module + 1), known = true;
  const bool nameless = line.starts_with('<') || (line.starts_with('(') && !line.starts_with("(anonymous"));
  if (!known || nameless) return {{}, frame.first};
  frame.name = plain_name(line);
  return frame;
}

Frame read_frame(std::string_view line) {
  skip_blanks(line);
  if (skip(line, "at ")) return called_at(line);
  skip(line, "* ");
  if (line.starts_with("File \"")) {
    const std::size_t name = line.rfind(", in ");
    return name == line.npos ? Frame{} : Frame{std::string(word(line.substr(name + 5))), false, true};
  }
  return numbered(line);
}

/// From the thread that crashed on, if the text says which; gdb calls it Thread 1.
std::string_view crashed_part(std::string_view trace) {
  trace = trace.substr(0, kMostBytes);
  for (const std::string_view mark : {" Crashed:", "\nThread 1 ("}) {
    if (const std::size_t at = trace.find(mark); at != trace.npos) return trace.substr(at + 1);
  }
  return trace;
}

}  // namespace

std::vector<std::string> crash_frames(std::string_view trace) {
  std::vector<std::string> names;
  bool python = false;
  std::string_view rest = crashed_part(trace);
  for (std::size_t seen = 0; !rest.empty() && seen < kMostFrames;) {
    const std::size_t size = std::min(rest.find('\n'), rest.size());
    Frame frame = read_frame(rest.substr(0, std::min(size, kMostLineBytes)));
    rest.remove_prefix(std::min(size + 1, rest.size()));
    if (frame.first && !names.empty()) break;
    if (frame.name.empty()) continue;
    ++seen;
    python = python || frame.python;
    std::string name = json::repair_utf8(frame.name);
    if (!is_runtime(name)) names.push_back(std::move(name));
  }
  if (python) std::reverse(names.begin(), names.end());  // "most recent call last"
  if (names.size() > kSignatureFrames) names.resize(kSignatureFrames);
  return names;
}

}  // namespace resultsdb::aggregate
