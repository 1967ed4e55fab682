"""The formulas of notebooks/equations.md: label -> formula, for each part of the table.

Equations (1) to (12) of "Through a Steerable Lens", every line of its Appendices A and B, those of MACO, of
linear interpreters. A later lesson adds its equations as one more entry of `PARTS`, with its own labels.
"""

STEERABLE_LENS = {  # numbered equations
    "1": r"\mathbf g = \nabla_S \mathcal L = \partial\mathcal L / \partial S",
    "2": r"S_k = S_0 + k\,\alpha\,\mathbf g",
    "3": r"\mathbf g^* = \nabla_{S^*} \mathcal L = \partial\mathcal L / \partial S^*",
    "4": r"S = A\,e^{j\Phi}",
    "5": r"\nabla_{S^*}\mathcal L = \frac12\left(\nabla_A\mathcal L\,\frac{S}{A}"
    r" + j\,\nabla_\Phi\mathcal L\,\frac{S}{A^2}\right)",
    "6": r"S_{k+1} = S_k\left(1 + \frac\alpha2\frac{\nabla_{A_k}\mathcal L}{A_k}"
    r" + \frac{j\alpha}2\frac{\nabla_{\Phi_k}\mathcal L}{A_k^2}\right)",
    "7": r"\Phi_{k+1} = \Phi_k + \arg z_k",
    "8": r"A_{k+1} = |z_k|\,A_k",
    "9": r"\Delta\Phi = \arg\left(1 + \frac\alpha2\frac{\nabla_{A_0}\mathcal L}{A_0}"
    r" + \frac{j\alpha}2\frac{\nabla_{\Phi_0}\mathcal L}{A_0^2}\right)",
    "10": r"\Phi_k = \Phi_0 + k\,\Delta\Phi,\quad A_k = A_0",
    "11": r"S_k = A_0\,e^{j\Phi_k},\quad s_k = \mathcal F^{-1}(S_k)",
    "12": r"S_{k+1} = S_k - 2\alpha\,\partial\mathcal L / \partial S^*",
}
APPENDIX_A = {
    "A.1": r"S_{re,k+1} = S_{re,k} - \alpha\,\partial\mathcal L / \partial S_{re}",
    "A.2": r"S_{im,k+1} = S_{im,k} - \alpha\,\partial\mathcal L / \partial S_{im}",
    "A.3": r"S_{k+1} = S_{re,k+1} + j\,S_{im,k+1}",
    "A.4": r"\dots = \left(S_{re,k} - \alpha\,\tfrac{\partial\mathcal L}{\partial S_{re}}\right)"
    r" + j\left(S_{im,k} - \alpha\,\tfrac{\partial\mathcal L}{\partial S_{im}}\right)",
    "A.5": r"\dots = S_k - \alpha\left(\tfrac{\partial\mathcal L}{\partial S_{re}}"
    r" + j\,\tfrac{\partial\mathcal L}{\partial S_{im}}\right)",
    "A.6": r"\frac{\partial\mathcal L}{\partial S} = \frac12\left("
    r"\frac{\partial\mathcal L}{\partial S_{re}} - j\,\frac{\partial\mathcal L}{\partial S_{im}}\right)",
    "A.7": r"\frac{\partial\mathcal L}{\partial S^*} = \frac12\left("
    r"\frac{\partial\mathcal L}{\partial S_{re}} + j\,\frac{\partial\mathcal L}{\partial S_{im}}\right)",
}
APPENDIX_B = {
    "B.1": r"\frac{\partial\mathcal L}{\partial S^*} = \frac{\partial\mathcal L}{\partial A}"
    r"\frac{\partial A}{\partial S^*} + \frac{\partial\mathcal L}{\partial\Phi}"
    r"\frac{\partial\Phi}{\partial S^*}",
    "B.2": r"\frac{\partial A}{\partial S^*} = \frac12(SS^*)^{-1/2}S = \frac12\frac SA"
    r" = \frac{Ae^{j\Phi}}{2A} = \frac{e^{j\Phi}}2",
    "B.3": r"\frac{\partial\Phi}{\partial S^*} = \frac1{2j}\left(-\frac1{S^*}\right) = \frac j{2S^*}"
    r" = \frac j{2Ae^{-j\Phi}} = \frac{je^{j\Phi}}{2A}",
    "B.4": r"\nabla_{S^*}\mathcal L = (\nabla_A\mathcal L)\frac{e^{j\Phi}}2"
    r" + (\nabla_\Phi\mathcal L)\frac{je^{j\Phi}}{2A}",
    "B.5": r"\dots = \frac{e^{j\Phi}}{2A}\left(A\nabla_A\mathcal L + j\nabla_\Phi\mathcal L\right)",
    "B.6": r"\dots = \frac S{2A^2}\left(A\nabla_A\mathcal L + j\nabla_\Phi\mathcal L\right)",
    "B.7": r"\nabla_{S^*}\mathcal L = \frac S{2A}\nabla_A\mathcal L + \frac{jS}{2A^2}\nabla_\Phi\mathcal L",
    "B.8": r"\dots = \frac12\left(\nabla_A\mathcal L\,\frac SA + j\nabla_\Phi\mathcal L\,\frac S{A^2}\right)",
    "B.9": r"S_1 = S_0 + \frac\alpha2\left(\nabla_{A_0}\mathcal L\,\frac{S_0}{A_0}"
    r" + j\nabla_{\Phi_0}\mathcal L\,\frac{S_0}{A_0^2}\right)",
    "B.10": r"\dots = S_0\left(1 + \frac\alpha2\frac{\nabla_{A_0}\mathcal L}{A_0}"
    r" + \frac{j\alpha}2\frac{\nabla_{\Phi_0}\mathcal L}{A_0^2}\right)",
    "B.11": r"S_1 = S_0\,z = \left(|z|A_0\right)e^{j(\Phi_0 + \arg z)}",
    "B.12": r"A_k = A_0\ \text{(constant)}",
    "B.13": r"A_k = |z|^k A_0\ \text{(compounded)}",
    "B.14": r"A_k = A_0\left(1 + k(|z| - 1)\right)\ \text{(linear)}",
    "B.15": r"\Phi_k = \Phi_0 + k\,\Delta\Phi = \Phi_0 + k\arg z",
    "B.16": r"A_k = A_0",
    "B.17": r"S_k = A_k\,e^{j\Phi_k} = A_0\,e^{j(\Phi_0 + k\Delta\Phi)}",
}
MACO = {  # Definition 2.1, line by line, and the chain rule behind "transparency for free"
    "M.1": r"r = \mathbb E_{x\sim\mathcal D}\left(|\mathcal F(x)|\right)",
    "M.2": r"\varphi^* = \arg\max_\varphi \mathbb E_{\tau\sim\mathcal T}\left("
    r"\mathcal L_{\mathcal A}((\tau\circ\mathcal F^{-1})(r e^{i\varphi}))\right)",
    "M.3": r"x^* = \mathcal F^{-1}\left(r e^{i\varphi^*}\right)",
    "M.4": r"\frac{\partial\mathcal L}{\partial\varphi} = \frac{\partial\mathcal L}{\partial x}"
    r"\frac{\partial x}{\partial\varphi}",
}
LINEAR_INTERPRETERS = {  # of "A Tour of Convolutional Networks Guided by Linear Interpreters", lesson 10
    "L.1": r"y(x) = Fx + r",
    "L.2": r"[y_0, y_1] = [h(x_0),\ A(x_0)\,x_1 + c(x_0)]",
    "L.3": r"x_0 = x_1 \Rightarrow y_1 = y_0",
    "L.4": r"h(x_1) = \underbrace{(Dh)(x_0)}_{A(x_0)}\,x_1"
    r" + \underbrace{h(x_0) - (Dh)(x_0)\,x_0}_{c(x_0)} + \dots",
    "L.5": r"[y_0, y_1] = [f(x_0),\ F(x_0)\,x_1 + r(x_0)]",
    "L.6": r"F^T(x_0)\,y_2 = \nabla_{x_1} y_1(x_1) \cdot y_2",
    "L.7": r"y_n = W_n x_{n-1} + b_n,\quad x_n = h(y_n)",
    "L.8": r"F = \prod_{k=1}^n \hat W_k,\quad r = \sum_{i=1}^n Q_i \hat b_i",
    "L.9": r"y_n = W_n x_{n-1} + b_n,\quad x_n = h(y_n)\ \text{(again)}",
    "L.10": r"x_n = h(W_n h(W_{n-1} x_{n-2} + b_{n-1}) + b_n)",
    "L.11": r"\dots = \hat W_n\big(\hat W_{n-1} x_{n-2} + \hat b_{n-1}\big) + \hat b_n",
    "L.12": r"\dots = \hat W_n \hat W_{n-1}\,x_{n-2} + \hat W_n \hat b_{n-1} + \hat b_n",
    "L.13": r"\dots = \prod_{k=1}^n \hat W_k\,x_0 + \prod_{k=2}^n \hat W_k\,\hat b_1 + \dots + \hat b_n",
    "L.14": r"Q_n = I,\quad Q_i = \prod_{k=i+1}^n \hat W_k",
    "L.15": r"x_n = Q_0\,x_0 + Q_1 \hat b_1 + Q_2 \hat b_2 + \dots + \hat b_n",
    "L.16": r"F = \prod_{k=1}^n \hat W_k,\quad r = \sum_{i=1}^n Q_i \hat b_i\ \text{(again)}",
    "L.17": r"P_0 = I,\quad P_i = \prod_{k=1}^i \hat W_k^T",
    "L.18": r"\mathrm{PD} \propto P_0 F^T + P_1 \hat b_1 + \dots + P_n \hat b_n\ \text{(sum: the score)}",
}
TRANSFORMERS = {  # of "An Image is Worth 16x16 Words", lesson 15
    "T.1": r"t_p = E\,x_p + b + e_p",
    "T.2": r"A = \operatorname{softmax}\!\left(Q K^\top / \sqrt d\right),\quad \textstyle\sum_q A_{pq} = 1",
    "T.3": r"z = W\,\mathrm{LN}(t_0) + c",
}
CONCEPTS = {  # of CRAFT, lesson 16
    "C.1": r"\min_{U \ge 0,\ W \ge 0}\ \lVert A - U W\rVert^2",
    "C.2": r"Y(m) = h\Big(\sum_k m_k\, U_k W_k\Big)",
    "C.3": r"S_{Tk} = \frac{\mathbb E\,\mathrm{Var}(Y \mid  m_{\sim k})}{\mathrm{Var}\,Y} \approx "
    r"\frac{1}{2 N\,\mathrm{Var}\,Y} \sum_{j=1}^{N} \big(Y(P_j) - Y(P^{(k)}_j)\big)^2",
    "C.4": r"u = \arg\min_{u \ge 0}\ \lVert a - u W\rVert^2",
    "C.5": r"u_S = (W_S W_S^\top)^{-1} W_S\,a,\quad "
    r"\frac{\partial u_S}{\partial a} = (W_S W_S^\top)^{-1} W_S",
}
PARTS = {  # the sections of the table, in order
    "Numbered equations": STEERABLE_LENS,
    "Appendix A, line by line": APPENDIX_A,
    "Appendix B, line by line": APPENDIX_B,
    "MACO: Definition 2.1 and Section 2": MACO,
    "Linear interpreters": LINEAR_INTERPRETERS,
    "Transformers": TRANSFORMERS,
    "Concepts: CRAFT": CONCEPTS,
}
EQUATIONS = {label: formula for part in PARTS.values() for label, formula in part.items()}
