"""What stands around lessons in each language: buttons, headings and remarks."""

from __future__ import annotations

from analytics.languages import Text

LESSONS = Text("Lessons", "课程")
QUESTION = Text(
    "Say what you expect, see what the {patients} say, then change it.", "先作预测，再看患儿的数据，然后动手改变。"
)
SELECTED = Text("{left} of {n} {patients}", "当前所选 {left} 名，队列共 {n} 名{patients}")
PLACE = Text("Lesson {order} of {n}", "第 {order} 课，共 {n} 课")
YOUR_ANSWER = Text("Your answer", "您的回答")
COMMIT = Text("Commit and reveal", "提交并揭晓")
ANSWER_AGAIN = Text("Answer again", "重新作答")
CHANGE = Text("Now change it.", "现在动手改变。")
PLAY = Text("▶ Play", "▶ 播放")
CHECK = Text("Did it stick?", "学会了吗？")
RIGHT = Text("Right.", "正确。")
WRONG = Text("Not this one.", "不是这个。")
RIGHT_ONE = Text("The right answer: “{option}”.", "正确答案：“{option}”。")
NEXT = Text("Next", "下一课")
PREVIOUS = Text("Previous", "上一课")
ALL_LESSONS = Text("All lessons", "全部课程")
QUIZ = Text("Closing quiz", "结业测验")
QUIZ_ABOUT = Text(
    "Ten questions on the first four lessons: curves, censoring, medians and tails.",
    "关于前四课的十道题：曲线、删失、中位数与尾部。",
)
HAND_IN = Text("Hand in", "交卷")
SCORE = Text("{right} of {n} right.", "{n} 题答对 {right} 题。")
UNANSWERED = Text("Answer all questions first: {n} are open.", "请先回答所有题目：还有 {n} 题未答。")
DOWNLOAD = Text("Download a summary", "下载学习小结")
FORGET = Text("Forget my progress", "清除我的进度")
KEPT_HERE = Text(
    "Your answers stay in this browser; nothing is sent to anybody.",
    "您的回答只保存在本浏览器中，不会发送给任何人。",
)
NO_ADVICE = Text(
    "This product describes groups of {patients}. It gives no advice on the treatment of any one {patient}.",
    "本产品只描述患儿群体，不为任何一名患儿提供治疗建议。",
)
DRAW = Text(
    "Drag the points, or move between them with Tab and change them with the arrow keys.",
    "拖动各点，或用 Tab 键切换、方向键调整。",
)
POINT = Text("Per cent at month {month}", "第 {month} 个月的百分数")
