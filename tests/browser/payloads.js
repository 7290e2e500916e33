/* Two hundred names that have broken viewers or might: markup, script, quoting, encodings, control bytes, long and odd text. */
"use strict";

const RUN = "window.pwned=1;alert(1)";
const scripts = [
	"<script>" + RUN + "</script>", "</script><script>" + RUN + "</script>", "]]><script>" + RUN + "</script>", "]]></script><script>" + RUN + "</script>",
	"</title><script>" + RUN + "</script>", "</text><script>" + RUN + "</script>", "</metadata><script>" + RUN + "</script>", "</style><script>" + RUN + "</script>",
	"</desc><script>" + RUN + "</script>", "</svg><script>" + RUN + "</script>", "--><script>" + RUN + "</script>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml version='1.0'?>", "<!DOCTYPE x>",
	"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;", "<img src=x onerror='" + RUN + "'>", "<svg onload='" + RUN + "'>", "<g onmouseover='" + RUN + "'>",
	"<a href='javascript:" + RUN + "'>x</a>", "<foreignObject><body onload='" + RUN + "'/></foreignObject>", "<animate onbegin='" + RUN + "'/>", "<use href='http://example.invalid/x.svg#a'/>",
	"<image href='http://example.invalid/x.png'/>", "<style>@import url(http://example.invalid/x.css);</style>", "<link rel=stylesheet href=http://example.invalid/>",
	"<iframe src='javascript:" + RUN + "'>", "<object data='http://example.invalid/'>", "<set attributeName=onmouseover to='" + RUN + "'/>", "<handler>" + RUN + "</handler>"
];
const quotes = [
	"\"", "'", "\"'", "\" onload=\"" + RUN, "' onload='" + RUN, "\"><script>" + RUN + "</script>", "'><script>" + RUN + "</script>", "\";" + RUN + ";//", "';" + RUN + ";//",
	"`" + RUN + "`", "${" + RUN + "}", "\\\";" + RUN + ";//", "\\';" + RUN + "//", "\\", "\\\\", "\\u003cscript\\u003e", "\\x3cscript\\x3e", "\u2028" + RUN, "\u2029" + RUN, "*/" + RUN + "/*", "//" + RUN, "\n" + RUN + "\n",
	"{};" + RUN, "[1]);" + RUN, "\"]}" + RUN, "__proto__", "constructor", "toString", "hasOwnProperty", "javascript:" + RUN, "data:text/html,<script>" + RUN + "</script>", "url(javascript:" + RUN + ")",
	"expression(" + RUN + ")", ";fill:url(http://example.invalid/)", "#;zoom=x&search=y", "%3Cscript%3E", "%", "%zz", "@2", "a;b", "a b 5", "a->rgb(1,2,3)", "%s%s%s%n", "%d", "{0}", "$1", "$&", "\\0"
];
const entities = ["&", "&amp;", "&lt;script&gt;", "&#60;script&#62;", "&#x3c;", "&nosuch;", "&amp;lt;", "a&b", "&&", "&;", "&#0;", "&#1114112;"];
const bytes = [
	"\x00", "a\x00b", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1f", "\x7f", "\r", "\n", "\t", "\r\n", "a\nb\nc", "\x80", "\xff", "\xfe\xff", "\xc0\x80", "\xc3", "\xc3(", "\xe2\x82",
	"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x9f", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xef\xbb\xbf", "\xc2\x85", "\xc2\x9b31m", "\xe2\x80\xa8", "\xe2\x80\xae" + "gnirts", "\xe2\x80\x8b", "\xe2\x81\xa6x",
	"\xf0\x9f\x94\xa5", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "e\xcc\x81", "a" + "\xcc\x81".repeat(300), "\xef\xb7\x90", "\xf3\xa0\x80\x81", "\xee\x80\x80"
].map((s) => Buffer.from(s, "latin1"));
const odd = [
	" ", "  ", "-", "--", "_[k]", "x_[k]", "_[j]", "x_[w]", "<", ">", "<<", ">>", "<>", "()", "(", ")", "[]", "[", "]", "::", ":::", "/", "//", ".", "..", "...", "operator<", "operator<<", "operator->", "operator()",
	"std::vector<std::pair<int, (anonymous namespace)::T>, A<B>>::f(void (*)(int)) const", "f(((((((((((((((", "<".repeat(500), ">".repeat(500), "(".repeat(5000), "A".repeat(20000), "a::".repeat(3000), "all", "root", "0", "-1", "1e999", "NaN", "null", "undefined", "true",
	"handler 404 10", "a".repeat(64) + "\u0301", "\u{1F525}".repeat(500), "x\u200d".repeat(100), "(a+)+$", "[", "(?<x>", "\\p{L}", "rgb(1,2,3)"
];
const list = [].concat(scripts, quotes, entities, bytes, odd).map((s) => Buffer.isBuffer(s) ? s : Buffer.from(s, "utf8"));

for (let i = 0; list.length < 220; i++) /* the markup again, cut at odd places by multi-byte characters */
	list.push(Buffer.concat([list[i].subarray(0, 3), Buffer.from("\xe2\x82", "latin1"), list[i].subarray(3)]));

module.exports = list;
