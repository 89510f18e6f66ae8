"""What stands around questions to a class, in each language."""

from __future__ import annotations

from analytics.languages import Text

CLASS = Text("For a class", "课堂")
ABOUT = Text("What does the room expect, and how near is it?", "大家的预测是怎样的？与答案相差多少？")
HOW = (
    Text(
        "Copy a link: under a lesson (“For a class”), or under any view (“Files”, “Make a question of this view”).",
        "复制链接：在课程下方的“课堂”，或在任一分析页的“Files”中选“Make a question of this view”。",
    ),
    Text(
        "Learners who open it predict first and get a short code; they read it out or hand over a small file.",
        "学员打开链接后先作预测，得到一个短代码；可以念出来，也可以交上小文件。",
    ),
    Text(
        "Enter the codes here: see how the predictions spread, then show the answer.",
        "在此输入代码：先看预测的分布，再揭晓答案。",
    ),
)
NOTHING_SENT = Text(
    "Nothing is sent by itself. Codes stay in this session: they are written to no file and stand in no link.",
    "不会自动发送任何内容。代码只保留在本次会话中，不写入文件，也不出现在链接里。",
)
NAME = Text("Name of the class or round", "班级或轮次名称")
NAME_HELP = Text(
    "The same as in the link: codes of another round are told apart by it.",
    "须与链接中的一致：据此区分不同轮次的代码。",
)
KEEP_HIDDEN = Text("Keep the answer hidden from learners", "对学员隐藏答案")
COPY = Text("The link to give to the class:", "发给班级的链接：")
LINK_SAYS = Text(
    "It holds the selection, the question and the name of the class; the answer is computed and not in it.",
    "链接包含所选患儿、问题与班级名称；答案由系统计算，不在链接中。",
)
OWN_FILE = Text(
    "These {patients} are from a file of your own, which is not in the link: learners need to open the same file first.",
    "这些患儿来自您自己的文件，不在链接中：学员须先打开同一文件。",
)
SEE_SPREAD = Text("Enter the codes of a class", "输入班级的代码")
YOUR_CODE = Text("Your code", "您的代码")
SAY_CODE = Text(
    "Read it out, or hand over the file. It holds the question and your prediction, no name.",
    "请念出代码，或交上文件。代码只含问题与您的预测，不含姓名。",
)
SAVE_CODE = Text("Save as a file", "保存为文件")
IN_CLASS = Text("Class: {group}", "班级：{group}")
HELD = Text("Your teacher reveals the answer.", "答案由老师揭晓。")
YOU_SAID = Text("You said {yours}.", "您的回答：{yours}。")
QUESTION = Text("A question", "一道题")
NO_QUESTION = Text("This link asks nothing that can be shown here: {why}", "此链接没有可在此显示的问题：{why}")
NO_LINK = Text(
    "the link names no view. Ask your teacher for the whole link.", "链接没有指明视图。请向老师索取完整的链接。"
)
NO_VIEW = Text("there is no view “{name}”.", "没有“{name}”这一视图。")
LACKS_COLUMNS = Text("the open cohort lacks what the view needs.", "当前队列缺少该视图所需的变量。")
NOT_SHOWN = Text(
    "small numbers are protected, and nothing of this selection is shown.", "小数字受保护，当前所选无法显示。"
)
NO_NUMBER = Text(
    "the view does not show that number for this selection: too few {patients}, or another file.",
    "对当前所选，该视图未显示此数字：患儿太少，或文件不同。",
)
FIGURE_LATER = Text("The figure follows your answer.", "图将在您回答后显示。")
ANSWER = Text("The answer: {answer}.", "答案：{answer}。")
OPEN_VIEW = Text("Open the view", "打开该视图")
CODES = Text("Codes", "代码")
CODES_HELP = Text(
    "One a line, or with commas or blanks between them. Capitals, hyphens, and O for 0 do not matter.",
    "每行一个，或以逗号、空格分隔。大小写、连字符以及把 0 写成 O 均无妨。",
)
FILES = Text("Or the files that learners handed over", "或学员交上的文件")
LINKS = Text("Links of the questions", "题目的链接")
LINKS_HELP = Text(
    "Needed for questions made of views, and for other selections: one a line. Lessons on the open selection are found "
    "without one.",
    "由视图生成的题目及其他所选患儿须粘贴链接，每行一个。当前所选患儿的课程无须链接。",
)
BAD_LINK = Text("No link to a lesson or question: {link}", "不是课程或题目的链接：{link}")
OTHER_DATA = Text(
    "{title}: the link was made with data version {theirs}; version {ours} is open.",
    "{title}：链接所用的数据版本为 {theirs}，当前打开的是 {ours}。",
)
N_READ = Text("Codes read: {n}.", "已读取代码：{n} 个。")
DAMAGED = Text("Heard or typed wrong, ask again: {codes}", "听错或输错，请再问一遍：{codes}")
STRANGE = Text(
    "Of another question, class or cohort: {codes}. Paste the link of that question, or check the name of the class.",
    "属于其他题目、班级或队列：{codes}。请粘贴该题的链接，或核对班级名称。",
)
OTHER_COHORT = Text("{code}: {title}, but of all {patients}", "{code}：{title}，但为全部患儿")
NO_ANSWER = Text("{code}: {title}, but no answer to it", "{code}：{title}，但不是其答案")
SPREAD = Text("Predictions: {n}.", "预测：{n} 个。")
MIDDLE = Text("Median {middle}.", "中位数 {middle}。")
HALF = Text("Half of them lie from {low} to {high}.", "一半在 {low} 至 {high} 之间。")
SCORED = Text("{right} right, {near} near, {off} further off.", "正确 {right}，接近 {near}，有差距 {off}。")
SHOW_ANSWER = Text("Show the answer", "揭晓答案")
AXIS_SHARES = Text("Share of the class (number beside the bar)", "所占比例（条旁为人数）")
AXIS_MONTHS = Text("Months", "月")
PREDICTIONS = Text("predictions", "预测")
THE_ANSWER = Text("answer {answer}", "答案 {answer}")
THE_MIDDLE = Text("median {middle}", "中位数 {middle}")
MEDIAN_CURVE = Text("median of the class", "班级中位数")
TRUE_CURVE = Text("the {patients}", "患儿")
EXPECTED = Text("Predictions of a class for: {question}", "班级对该题的预测：{question}")
